"""Writes down what a card's bytes are: revision, sizes, sha256, structure.

In: a card, usually still proposed. Out: a `Lock` for review. Invariants: nothing is invented: every value is read from
bytes that a mirror delivered; mirrors that answer must agree to the byte; what may not be loaded is not locked. A
revision is noted only when the Hub itself resolved it in this run.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from evaluators.candidate import FileEntry, Structure
from evaluators.errors import EnvironmentProblem, IntegrityError, InvalidDocument, ReportedError
from hub.admission import admit, refusal
from hub.blobs import BlobStore
from hub.card import Card
from hub.catalog import Catalog
from hub.file_formats import read_json
from hub.home import Home
from hub.lock import Lock
from hub.progress import Progress, no_progress, told
from hub.sources.open import name_of, open_source
from hub.sources.source import Source, SourceProblem
from hub.structure import read_structure

Note = Callable[[str], None]
"""Called with a sentence that a reviewer of the lock wants to know."""


@dataclass(frozen=True)
class _Answer:
    """What one mirror delivered."""

    name: str
    files: tuple[FileEntry, ...]
    revision: str | None


def no_note(sentence: str) -> None:
    """Drop the sentence."""


def lock_card(
    card: Card,
    catalog: Catalog,
    home: Home,
    *,
    progress: Progress = no_progress,
    note: Note = no_note,
    environment: Mapping[str, str] | None = None,
) -> Lock:
    """Return the lock of a card, read from every mirror that answers.

    Args:
        card: The card; its `files` say what is read.
        catalog: Whose folder relative directories start at.
        home: Where the bytes are kept, so that a fetch needs no second download.
        progress: Told about bytes as they arrive.
        note: Told about mirrors that did not answer, and about how FLOPs were found.
        environment: Where HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are looked up; the process's own by default.

    Raises:
        EnvironmentProblem: If no mirror answers; it says why for each, and the card stays as it is.
        IntegrityError: If mirrors disagree.
        InvalidDocument: If the files may not be loaded, or do not say what their structure is.
    """
    store = BlobStore(home.ready())
    answers, reasons = _ask_all(
        card, catalog, store, progress, os.environ if environment is None else environment
    )
    if not answers:
        raise _silence(card, reasons)
    for name, error in reasons:
        note(f"{name} was not compared: {error.message}")
    _require_agreement(card, answers)
    files = {entry.path: _blob(store, entry) for entry in answers[0].files}
    admission = admit(files)
    if not admission.admitted:
        raise refusal(admission, card.id)
    return Lock(
        revision=next((answer.revision for answer in answers if answer.revision), None),
        files=answers[0].files,
        structure=_structure(card, files, note),
    )


def _ask_all(
    card: Card, catalog: Catalog, store: BlobStore, progress: Progress, environment: Mapping[str, str]
) -> tuple[list[_Answer], list[tuple[str, SourceProblem]]]:
    answers: list[_Answer] = []
    reasons: list[tuple[str, SourceProblem]] = []
    for mirror in card.mirrors:
        try:
            with open_source(mirror, catalog=catalog.folder, environment=environment) as source:
                answers.append(_ask(source, card.files, store, progress))
        except SourceProblem as error:
            reasons.append((name_of(mirror), error))
    return answers, reasons


def _ask(source: Source, files: tuple[str, ...], store: BlobStore, progress: Progress) -> _Answer:
    """Read every file of a card from one source, and hold it to what it says about them itself."""
    name = source.describe()
    revision = source.revision()
    published = {path: source.published(path) for path in files}
    total = sum(facts.size or 0 for facts in published.values())
    entries: list[FileEntry] = []
    for path in files:
        done = sum(entry.size for entry in entries)
        what = f"{path} from {name}"
        with closing(told(source.open(path), progress, what=what, done=done, total=total)) as stream:
            entry = store.add(stream, path)
        facts = published[path]
        if facts.size not in (None, entry.size) or facts.sha256 not in (None, entry.sha256):
            raise SourceProblem(
                f"{path} arrived as {entry.size:,} bytes (sha256 {entry.sha256[:12]}), which is not what it publishes",
                hint="try again; if it stays so, a proxy in between changes the bytes",
            )
        entries.append(entry)
    return _Answer(name=name, files=tuple(entries), revision=revision)


def _require_agreement(card: Card, answers: list[_Answer]) -> None:
    first = answers[0]
    for other in answers[1:]:
        for ours, theirs in zip(first.files, other.files, strict=True):
            if ours != theirs:
                raise IntegrityError(
                    f"{card.id}: the mirrors disagree about {ours.path}: {first.name} has {ours.size:,} bytes "
                    f"(sha256 {ours.sha256[:12]}), {other.name} has {theirs.size:,} (sha256 {theirs.sha256[:12]})",
                    hint="they are not mirrors of one model: correct or remove one, or take the file off the card",
                )


def _silence(card: Card, reasons: list[tuple[str, SourceProblem]]) -> ReportedError:
    lines = "\n".join(f"  {name}: {error.message}" for name, error in reasons)
    hints = "; ".join(f"{name}: {error.hint}" for name, error in reasons if error.hint)
    state = "it stays proposed" if card.lifecycle.state == "proposed" else "its lock stays as it is"
    return EnvironmentProblem(
        f"{card.id}: no mirror answers, so nothing was locked and {state}\n{lines}", hint=hints
    )


def _blob(store: BlobStore, entry: FileEntry) -> Path:
    path = store.path_of(entry.sha256)
    if path is None:
        raise IntegrityError(f"{entry.path}: its bytes vanished from the store", hint="lock the card again")
    return path


def _structure(card: Card, files: Mapping[str, Path], note: Note) -> Structure:
    """Return the structure; its FLOPs are counted where torch is installed, else estimated."""
    estimated = read_structure(card.library, card.input, files)
    if importlib.util.find_spec("torch") is None:
        note("FLOPs are estimated from the headers; with the extra `evaluate` they are counted")
        return estimated
    from evaluators.backbones.known import missing_architecture
    from evaluators.backbones.structure import count_flops

    try:
        if lacking := missing_architecture(read_json(files["config.json"]), card.library):
            raise InvalidDocument(
                f"{card.id}: {lacking}",
                hint="a newer release may have it; code that a model brings along is never run here",
            )
        with tempfile.TemporaryDirectory(prefix="hub-lock-") as folder:
            _configuration(files, Path(folder))
            counted = count_flops(Path(folder), card.library, card.input)
    except (ImportError, OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        note(
            f"FLOPs are estimated from the headers; the architecture could not be built to count them ({error})"
        )
        return estimated
    return estimated.model_copy(update={"flops_per_input": max(1, counted)})


def _configuration(files: Mapping[str, Path], folder: Path) -> None:
    """Link everything but the weights into a folder, as the libraries expect it."""
    for name, path in files.items():
        if not name.endswith(".safetensors"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(path)

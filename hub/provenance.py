"""What a pull leaves of ours in a model's folder: `.hub/`, beside the exact upstream files.

`.hub/record.json` is the signed promotion record that the bytes answer to, `.hub/candidate.json` the identity in five
fields for other programs, `.hub/README.md` says to a person what it was approved for and how to load it. Only the
record is authority; the other two are derived from it. Nothing here decides whether a record may be trusted.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from evaluators.candidate import manifest_digest
from evaluators.canonical import canonical_json
from evaluators.document import Document
from evaluators.errors import IntegrityError
from hub.promotion_log import ApprovedTask, Record

FOLDER = ".hub"
RECORD = f"{FOLDER}/record.json"
IDENTITY = f"{FOLDER}/candidate.json"
README = f"{FOLDER}/README.md"
#: Of an adapted model: where it comes from. Written by `hub adapt`, and one of the files that its record signs.
LINEAGE = f"{FOLDER}/adapted.json"


class Identity(Document):
    """`.hub/candidate.json`: which model this folder is."""

    name: str
    version: int
    digest: str
    library: str
    record_digest: str


def identity_of(record: Record) -> Identity:
    """Return the identity that a record's folder carries."""
    return Identity(
        name=record.model,
        version=record.version,
        digest=record.model_digest,
        library=record.library,
        record_digest=record.digest,
    )


def check_file_set(record: Record) -> None:
    """Check that a record's file set is the one its digest names, and leaves `.hub/` to us.

    An adapted model's own lineage lies there too, and is one of its files.

    Raises:
        IntegrityError: If not.
    """
    if manifest_digest(record.files) != record.model_digest:
        raise IntegrityError(
            f"the promotion record of {record.model} version {record.version} contradicts itself: "
            "its file set is not the one its model digest names"
        )
    paths = [entry.path for entry in record.files]
    ours = [path for path in paths if path.split("/")[0] == FOLDER]
    if len(set(paths)) != len(paths) or ours != ([LINEAGE] if record.adapted else []):
        raise IntegrityError(f"{record.model} version {record.version} lists files twice or inside {FOLDER}/")


def write_provenance(folder: Path, record: Record, *, shown_as: str) -> None:
    """Write `.hub/` into a staged folder, durably; `shown_as` is how the README names the folder."""
    (folder / FOLDER).mkdir(exist_ok=True)
    _write(folder / RECORD, record.model_dump_json(indent=1) + "\n")
    _write(folder / IDENTITY, identity_of(record).model_dump_json(indent=1) + "\n")
    _write(folder / README, readme(record, shown_as))


def read_record(folder: Path) -> Record | None:
    """Return the record in a folder, unchecked; None where there is none that can be read."""
    return parse_record(_read(folder / RECORD))


def read_identity(folder: Path) -> Identity | None:
    """Return the identity in a folder; None where there is none that can be read."""
    try:
        return Identity.model_validate_json(_read(folder / IDENTITY))
    except ValidationError:
        return None


def parse_record(data: bytes) -> Record | None:
    """Return the record that JSON bytes hold, unchecked, or None."""
    try:
        return Record.model_validate_json(data)
    except ValidationError:
        return None


def record_bytes(record: Record) -> bytes:
    """Return the canonical bytes of a record: their sha256 is the record's digest, so the blob store can hold it."""
    return canonical_json(record.model_dump(mode="json"))


def readme(record: Record, shown_as: str) -> str:
    """Return the Markdown for people who find the folder."""
    rows = [_row(task) for task in record.tasks] or ["| none | | | |"]
    return "\n".join(
        [
            f"# {record.model}, version {record.version}",
            "",
            f"Approved by {_plain(record.approver)} on {record.created[:10]} under policy {record.policy} "
            f"(promotion record {record.sequence}).",
            f"Every byte is pinned: `hub verify {shown_as}` compares them; edits here are not kept by the next pull.",
            "",
            *(_adapted_lines(record) if record.adapted else ()),
            f"| task | {'adapted' if record.adapted else 'adapt it'} with | labels a class | measured |",
            "|---|---|---|---|",
            *rows,
            "",
            "## Load",
            "",
            "```python",
            *_load_lines(record.library, shown_as),
            "```",
            "",
            f'or, verified first: `import hub; hub.load("{record.model}")`',
            "",
        ]
    )


def _adapted_lines(record: Record) -> tuple[str, ...]:
    assert record.adapted is not None
    return (f"An adapted model: it answers with labels. Its base is {record.adapted.lineage}.", "")


def _load_lines(library: str, folder: str) -> tuple[str, ...]:
    if library == "basehub":
        return ("import hub", f'model = hub.load_adapted("{folder}")', 'model.predict(["..."])')
    if library == "timm":
        return (
            "import timm",
            f'model = timm.create_model("local-dir:{folder}", pretrained=True, num_classes=0)',
        )
    return (
        "from transformers import AutoModel, AutoTokenizer",
        f'model = AutoModel.from_pretrained("{folder}", local_files_only=True)',
        f'tokenizer = AutoTokenizer.from_pretrained("{folder}", local_files_only=True)',
    )


def _row(task: ApprovedTask) -> str:
    cells = (task.task, task.strategy, str(task.labels_per_class), task.score)
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    """Return text that cannot break out of its line or table cell."""
    return " ".join(text.split()).replace("|", "/").replace("<", "(").replace(">", ")").replace("`", "'")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _write(path: Path, text: str) -> None:
    with path.open("xb") as stream:
        stream.write(text.encode("utf-8"))
        stream.flush()
        os.fsync(stream.fileno())

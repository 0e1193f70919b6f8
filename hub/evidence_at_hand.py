"""Which documents and models an answer to "what shall I use?" rests on. Reads HUB_HOME, fetches; measures nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evaluators.candidate import Modality
from evaluators.errors import EnvironmentProblem, ReportedError
from evaluators.evidence import Evidence
from hub.board import Source
from hub.catalog import Catalog
from hub.evidence_folder import read_evidence
from hub.fetch import fetch
from hub.home import Home
from hub.progress import Progress, no_progress
from hub.promotion_log import History, latest
from hub.signing import KeyRing

#: The protocol that screens where there is no evidence.
SCREEN = "screen"


def evidence_about(task_digest: str, home: Home, keys: KeyRing) -> Iterator[Evidence]:
    """Yield the signed evidence here about exactly these data, newest first; what cannot be trusted is left out."""
    for evidence in evidence_here(home, keys):
        if any(task.digest == task_digest for task in evidence.findings.tasks):
            yield evidence


def evidence_here(home: Home, keys: KeyRing) -> Iterator[Evidence]:
    """Yield all signed evidence here, newest first; what cannot be trusted is left out."""
    for _, evidence in _trusted(home, keys):
        yield evidence


def sources_about(task: str, home: Home, keys: KeyRing) -> Iterator[Source]:
    """Yield the signed evidence here about a task by its name, whatever its data were, with its place in HUB_HOME."""
    for path, evidence in _trusted(home, keys):
        if any(facts.id == task for facts in evidence.findings.tasks):
            yield Source(evidence, str(path.relative_to(home.root)))


def _trusted(home: Home, keys: KeyRing) -> Iterator[tuple[Path, Evidence]]:
    paths = sorted(home.evidence.glob("*/*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in paths:
        try:
            evidence = read_evidence(path, keys)
        except ReportedError:
            continue
        yield path, evidence


def reachable(
    names: tuple[str, ...], catalog: Catalog, home: Home, progress: Progress = no_progress
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the models whose bytes are here or can be fetched now, and a sentence about each other one.

    Raises:
        IntegrityError: If a mirror has other bytes than the lock: that is never passed over.
    """
    found, missing = [], []
    for name in names:
        try:
            fetch(catalog.card(name), catalog, home, progress)
        except EnvironmentProblem as error:
            missing.append(f"{name} is left out: {error.message}")
        else:
            found.append(name)
    return tuple(found), tuple(missing)


def models_for(modality: Modality, catalog: Catalog, history: History) -> tuple[str, ...]:
    """Return the approved bases that read a modality; where there is none, every active one whose bytes are locked."""
    fitting = [
        name for name, card in catalog.cards.items() if card.modality == modality and name in catalog.locks
    ]
    approved = [name for name in fitting if latest(history, name) is not None]
    active = [name for name in fitting if catalog.cards[name].lifecycle.state == "active"]
    return tuple(approved or active)

"""Signed evidence of a task of the repository's catalog, as `hub evaluate` would leave it in HUB_HOME."""

from __future__ import annotations

from pathlib import Path

from evaluators.canonical import canonical_json
from evaluators.document import read_document
from evaluators.evidence import Evidence
from evaluators.task import Task
from hub.board import Source
from hub.evidence_folder import keep_evidence
from hub.home import Home
from hub.signing import open_signer
from tests.synthetic import World, evidence

TASK = read_document(Path(__file__).parent.parent.parent / "catalog" / "tasks" / "help-desk.yaml", Task)


def measured(
    world: World, *, day: int = 2, protocol: str = "standard", digest: str = TASK.digest
) -> Evidence:
    """Return evidence of a world about the catalog's data, made on a day of November."""
    found = evidence(world)
    facts = tuple(task.model_copy(update={"digest": digest}) for task in found.findings.tasks)
    findings = found.findings.model_copy(
        update={"tasks": facts, "protocol": {**found.findings.protocol, "id": protocol}}
    )
    observations = found.observations.model_copy(update={"created": f"2026-11-{day:02}T10:00:00Z"})
    return Evidence(findings=findings, observations=observations)


def source(found: Evidence) -> Source:
    """Return a document with a place of its own."""
    return Source(found, f"evidence/{found.findings.digest[:12]}.json")


def kept(found: Evidence, home: Home) -> Path:
    """Sign a document and keep it."""
    signature = open_signer(home.keys).sign(canonical_json(found.unsigned))
    return keep_evidence(found.model_copy(update={"signature": signature}), home)

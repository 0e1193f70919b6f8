"""The evidence documents of this machine: kept by models, tasks, findings and observations; found again by model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from evaluators.artifact_evidence import ArtifactEvidence, artifact_evidence_from_json
from evaluators.canonical import canonical_json
from evaluators.errors import IntegrityError, InvalidDocument, UsageProblem
from evaluators.evidence import Evidence, evidence_from_json, evidence_to_json
from hub.home import Home
from hub.signing import KeyRing
from hub.staging import place_file, staged_file


def keep_evidence(evidence: Evidence, home: Home) -> Path:
    """Write evidence durably under HUB_HOME and return its path; older documents stay.

    Another measurement with equal findings has other observations, hence another name.

    Raises:
        OSError: If HUB_HOME cannot be written.
    """
    findings = evidence.findings
    models = "+".join(c.name for c in findings.candidates if c.role == "candidate")
    tasks = "+".join(task.id for task in findings.tasks)
    name = f"{findings.digest[:12]}-{evidence.observations.digest[:12]}.json"
    path = home.evidence / f"{models}--{tasks}"[:120] / name
    with staged_file(path.parent) as stream:
        stream.write(evidence_to_json(evidence).encode("utf-8"))
        place_file(stream, path, mode=0o644)
    return path


def read_evidence(path: Path, keys: KeyRing) -> Evidence:
    """Read evidence and check its signature.

    Raises:
        UsageProblem: If the file cannot be read, or is about an adapted model.
        InvalidDocument: If it is not evidence.
        IntegrityError: If it was changed after it was signed, or a key that this machine does not trust signed it.
    """
    found = read_any_evidence(path, keys)
    if isinstance(found, ArtifactEvidence):
        raise UsageProblem(
            f"{path} is about an adapted model, {found.findings.candidate.name}",
            hint=f"hub report {path} shows it; hub promote --adapted DIR measures and judges again",
        )
    return found


def read_any_evidence(path: Path, keys: KeyRing) -> Evidence | ArtifactEvidence:
    """Read evidence about bases or about an adapted model; errors as of `read_evidence`."""
    try:
        text = path.read_bytes()
    except OSError as error:
        problem = f"{path} cannot be read ({error.strerror})"
        raise UsageProblem(problem, hint="evidence lies under HUB_HOME/evidence") from error
    evidence = _parsed(text, where=str(path))
    if evidence.signature is None:
        raise IntegrityError(f"{path} is not signed", hint="evidence counts as `hub evaluate` wrote it")
    if not keys.verifies(canonical_json(evidence.unsigned), evidence.signature):
        raise IntegrityError(
            f"{path} was changed after it was signed, or was signed by a key that this machine does not trust "
            f"({evidence.signature.key_id})",
            hint="evaluate again, or trust its author's key: hub trust add LINE",
        )
    return evidence


def newest_artifact_evidence(home: Home, model: str) -> Path | None:
    """Return the newest evidence about an adapted model; None if there is none."""
    found = []
    for path, evidence in _documents(home):
        if isinstance(evidence, ArtifactEvidence) and evidence.findings.candidate.name == model:
            found.append((evidence.observations.created, path.stat().st_mtime_ns, path))
    return max(found)[-1] if found else None


def newest_evidence(home: Home, model: str) -> Path:
    """Return the newest evidence in which a model is a candidate; a final evaluation goes before an ordinary one.

    Raises:
        UsageProblem: If there is none.
    """
    found = []
    for path, evidence in _documents(home):
        if isinstance(evidence, ArtifactEvidence):
            continue
        names = {c.name for c in evidence.findings.candidates if c.role == "candidate"}
        if model in names:
            found.append(
                (evidence.findings.final, evidence.observations.created, path.stat().st_mtime_ns, path)
            )
    if not found:
        raise UsageProblem(
            f"there is no evidence about {model} here", hint=f"hub evaluate {model} --task TASK --final"
        )
    return max(found)[-1]


def _documents(home: Home) -> Iterator[tuple[Path, Evidence | ArtifactEvidence]]:
    for path in home.evidence.glob("*/*.json"):
        try:
            yield path, _parsed(path.read_bytes(), where=str(path))
        except InvalidDocument:
            # A file that was cut or put there by hand says nothing about the others.
            continue


def _parsed(text: bytes, *, where: str) -> Evidence | ArtifactEvidence:
    if _kind(text) == "artifact":
        return artifact_evidence_from_json(text, where=where)
    return evidence_from_json(text, where=where)


def _kind(text: bytes) -> object:
    """Return what a document says that it is; nothing if it is no JSON, which its parser will tell."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value.get("kind") if isinstance(value, dict) else None

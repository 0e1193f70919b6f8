"""Is a pulled folder exactly what was approved? Compares every byte with the signed record and with `hub.lock`.

In: a folder and the public keys that this machine trusts. Out: a `Verification` with one finding a problem; none means
that the folder is exactly the approved files, under a record that a trusted key signed, as the project's lock says.
Works offline. Invariant: an unreadable or unsigned record is never a pass, whatever the bytes are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evaluators.canonical import short
from evaluators.errors import IntegrityError, UsageProblem
from hub.folder import Finding, compare_files
from hub.project_lock import LockedModel, find_project, read_project_lock
from hub.promotion_log import Record
from hub.provenance import IDENTITY, README, RECORD, check_file_set, identity_of, read_identity, read_record
from hub.signing import KeyRing

#: What a pull writes beside the model's files.
OURS = (RECORD, IDENTITY, README)


@dataclass(frozen=True)
class Verification:
    """What was compared, and what is wrong."""

    folder: Path
    record: Record | None
    signed_by: str | None
    """Owner of the trusted key that signed the record."""
    locked: LockedModel | None
    """The entry of hub.lock for this folder, where one was found."""
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether the folder is exactly what was approved."""
        return not self.findings


def verify(folder: Path, *, keys: KeyRing) -> Verification:
    """Compare a pulled folder with its signed record and the project's lock.

    Args:
        folder: The folder.
        keys: The public keys that this machine trusts.

    Raises:
        UsageProblem: If there is no such folder.
    """
    if not folder.is_dir():
        raise UsageProblem(f"there is no folder {folder}", hint="pull it: hub pull NAME")
    record = read_record(folder)
    locked = _locked_as(folder)
    findings = [*_record_findings(record, keys), *_lock_findings(record, locked)]
    files = record.files if record else locked.files if locked else None
    if files is not None:
        compared = compare_files(folder, files, beside=OURS)
        # A record that is missing is told as such above.
        findings += [finding for finding in compared if (finding.kind, finding.path) != ("missing", RECORD)]
    if record is not None and read_identity(folder) != identity_of(record):
        findings.append(Finding("altered", IDENTITY, f"{IDENTITY}: does not say what the signed record says"))
    signed_by = _signer(record, keys) if record else None
    return Verification(folder, record, signed_by, locked, tuple(findings))


def require_verified(verification: Verification) -> Record:
    """Return the record of a folder without findings.

    Raises:
        IntegrityError: If there are any; the message lists them.
    """
    record = verification.record
    if verification.ok and record is not None:
        return record
    shown = [finding.message for finding in verification.findings[:8]]
    if len(verification.findings) > len(shown):
        shown.append(f"... and {len(verification.findings) - len(shown)} more")
    name = record.model if record else verification.locked.name if verification.locked else "NAME"
    raise IntegrityError(
        "\n  ".join([f"{verification.folder} is not what was approved:", *shown]),
        hint=_next_step(verification, name),
    )


def holds(folder: Path, record: Record) -> bool:
    """Whether a folder is already exactly the pull of a record."""
    return (
        folder.is_dir()
        and not folder.is_symlink()
        and read_record(folder) == record
        and read_identity(folder) == identity_of(record)
        and not compare_files(folder, record.files, beside=OURS)
    )


def _next_step(verification: Verification, name: str) -> str:
    kinds = {finding.kind for finding in verification.findings}
    if kinds == {"signature"}:
        return "if you trust its signer, add their public key: hub trust add KEY"
    if "extra" in kinds:
        return f"move what does not belong there out of the folder, then: hub pull {name}"
    return f"restore it: hub pull {name}"


def _signer(record: Record, keys: KeyRing) -> str | None:
    """Return whose trusted key made the signature, or None if it is not valid."""
    signature = record.signature
    valid = signature is not None and keys.verifies(record.signed_bytes, signature)
    return keys.owner(signature) if signature is not None and valid else None


def _record_findings(record: Record | None, keys: KeyRing) -> list[Finding]:
    if record is None:
        return [Finding("record", RECORD, f"{RECORD}: there is no promotion record that can be read")]
    findings = []
    if record.signature is None:
        findings.append(Finding("signature", RECORD, f"{RECORD}: is not signed"))
    elif keys.owner(record.signature) is None:
        findings.append(
            Finding(
                "signature",
                RECORD,
                f"{RECORD}: is signed by a key that this machine does not trust ({record.signature.key_id})",
                found=record.signature.key_id,
            )
        )
    elif not keys.verifies(record.signed_bytes, record.signature):
        findings.append(
            Finding(
                "signature",
                RECORD,
                f"{RECORD}: its signature is not valid; the record was altered after signing",
            )
        )
    try:
        check_file_set(record)
    except IntegrityError as error:
        findings.append(Finding("record", RECORD, f"{RECORD}: {error.message}"))
    if record.action != "promote":
        findings.append(Finding("record", RECORD, f"{RECORD}: is no promotion"))
    return findings


def _lock_findings(record: Record | None, locked: LockedModel | None) -> list[Finding]:
    if record is None or locked is None:
        return []
    pairs = (
        ("model", locked.name, record.model),
        ("version", str(locked.version), str(record.version)),
        ("model digest", locked.model_digest, record.model_digest),
        ("record digest", locked.record_digest, record.digest),
    )
    findings = [
        Finding(
            "lock",
            "hub.lock",
            f"hub.lock: {what} is {_brief(says)}, this folder has {_brief(has)}",
            says,
            has,
        )
        for what, says, has in pairs
        if says != has
    ]
    if locked.files != record.files:
        findings.append(Finding("lock", "hub.lock", "hub.lock: lists other files than the signed record"))
    return findings


def _brief(text: str) -> str:
    return short(text) if len(text) == 64 else text


def _locked_as(folder: Path) -> LockedModel | None:
    """Return the entry of the nearest hub.lock that names this folder."""
    project = find_project(folder.absolute().parent)
    lock = read_project_lock(project) if project else None
    if project is None or lock is None:
        return None
    here = folder.resolve()
    return next((model for model in lock.models if (project / model.into).resolve() == here), None)

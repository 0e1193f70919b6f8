"""Is what is inside these bytes something that this hub may load at all?

In: the files of a model, by the path that they have inside it. Out: a frozen `Admission`: every reason against it,
and what was seen. Runs before a Candidate is handed out, so that nothing unadmitted reaches a loader. Reads every
byte of the weights, as a stream: one infinity is enough to spoil every score.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from evaluators.document import Document
from evaluators.errors import InvalidDocument
from hub.file_formats import Finding, inspect_file, read_json
from hub.safetensors_file import Tensor, all_zero, first_not_finite, read_tensors


class Admission(Document):
    """Whether a model may be loaded, why not, and what was seen."""

    admitted: bool
    findings: tuple[Finding, ...]
    architecture: str | None = None
    """As its configuration says."""
    tensors: int = 0
    parameters: int = 0
    """Floating-point numbers in all weight files."""
    dtypes: tuple[str, ...] = ()


def admit(files: Mapping[str, Path]) -> Admission:
    """Inspect every file of a model.

    Args:
        files: Where the bytes of each file are, by its path inside the model.

    Raises:
        OSError: If one cannot be read.
    """
    findings = [finding for name, path in files.items() if (finding := inspect_file(name, path))]
    findings += _set_findings(files)
    broken = {finding.file for finding in findings}
    weights = {
        name: read_tensors(path)
        for name, path in files.items()
        if name.endswith(".safetensors") and name not in broken
    }
    findings += [
        finding for name, tensors in weights.items() if (finding := _numbers(name, files[name], tensors))
    ]
    tensors = [tensor for group in weights.values() for tensor in group]
    return Admission(
        admitted=not findings,
        findings=tuple(findings),
        architecture=_architecture(files),
        tensors=len(tensors),
        parameters=sum(tensor.elements for tensor in tensors if tensor.is_float),
        dtypes=tuple(sorted({tensor.dtype for tensor in tensors})),
    )


def refusal(admission: Admission, name: str) -> InvalidDocument:
    """Return the error for a model that is not admitted: every finding, and the first next step."""
    lines = [f"{finding.file} {finding.message}" for finding in admission.findings]
    hint = next((finding.hint for finding in admission.findings if finding.hint), None)
    return InvalidDocument(f"{name} is not admitted:\n  " + "\n  ".join(lines), hint=hint)


def _set_findings(files: Mapping[str, Path]) -> Iterator[Finding]:
    """Yield what is wrong with the files taken together."""
    if not any(name.endswith(".safetensors") for name in files):
        yield Finding(
            file="weights",
            message="are missing: no .safetensors file is listed",
            hint="list model.safetensors in the card's `files`; other formats must be converted first",
        )
    if "config.json" not in files:
        yield Finding(file="config.json", message="is missing; it says which architecture the weights are of")
    folded: dict[str, str] = {}
    for name in files:
        if (other := folded.setdefault(name.casefold(), name)) != name:
            yield Finding(file=name, message=f"differs from {other} only in upper and lower case")
        if name.split("/")[0] in {".hub", ".git"}:
            yield Finding(file=name, message="lies in a folder that is not the model's")
    yield from _index_findings(files)


def _index_findings(files: Mapping[str, Path]) -> Iterator[Finding]:
    """Yield weights that an index names and the model lacks."""
    for name in files:
        if name.endswith(".safetensors.index.json"):
            try:
                index = read_json(files[name])
            except ValueError:
                continue  # inspect_file has said so
            shards = index.get("weight_map") if isinstance(index, dict) else None
            named = {str(shard) for shard in shards.values()} if isinstance(shards, dict) else set()
            for shard in sorted(named - {Path(other).name for other in files}):
                yield Finding(file=name, message=f"names the weight file {shard}, which is not listed")


def _numbers(name: str, path: Path, tensors: tuple[Tensor, ...]) -> Finding | None:
    bad = first_not_finite(path, tensors)
    if bad is not None:
        return Finding(
            file=name,
            message=f"holds NaN or an infinity in {bad.name}: the training that made it failed, or the file is damaged",
        )
    if any(tensor.is_float and tensor.size for tensor in tensors) and all_zero(path, tensors):
        return Finding(file=name, message="holds nothing but zeros: the weights were never written")
    return None


def _architecture(files: Mapping[str, Path]) -> str | None:
    if "config.json" not in files:
        return None
    try:
        config = read_json(files["config.json"])
    except ValueError:
        return None
    named = config.get("architecture") if isinstance(config, dict) else None
    if named is None and isinstance(config, dict):
        listed = config.get("architectures")
        named = listed[0] if isinstance(listed, list) and listed else None
    return named if isinstance(named, str) else None

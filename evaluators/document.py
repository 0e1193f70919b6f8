"""Reading a reviewed YAML document strictly: no anchors, no duplicate keys, no unknown keys, errors with a line.

A document that people approve must mean one thing. Plain YAML lets the last of two equal keys win, reads `no` as
false and expands a few bytes into gigabytes; here each of these is an error that names file, line and field, and an
unknown key is answered with the nearest known one.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from evaluators.errors import InvalidDocument
from evaluators.names import nearest

MAX_BYTES = 64 * 1024
MAX_DEPTH = 20

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Field = tuple[str | int, ...]


class Document(BaseModel):
    """Base of every reviewed document: frozen, strictly typed, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)


ModelT = TypeVar("ModelT", bound=Document)


def read_document(path: Path, model: type[ModelT]) -> ModelT:
    """Read and validate one YAML file.

    Raises:
        InvalidDocument: If the file is missing, too large, not YAML, or does not fit `model`.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidDocument(f"{path}: cannot be read ({error.strerror})") from error
    return parse_document(data, model, where=str(path))


def parse_document(data: bytes, model: type[ModelT], *, where: str) -> ModelT:
    """Parse and validate YAML bytes; `where` names them in errors."""
    if len(data) > MAX_BYTES:
        raise InvalidDocument(f"{where}: {len(data):,} bytes; a document has at most {MAX_BYTES:,}")
    value, lines = _load(data, where)
    if not isinstance(value, dict):
        raise InvalidDocument(f"{where}: a mapping of fields is expected, this is {type(value).__name__}")
    try:
        # JSON mode keeps strictness for scalars but lets a YAML list fill a tuple.
        return model.model_validate(_tuples(value))
    except ValidationError as error:
        raise _translate(error, model, where, lines) from error


def _load(data: bytes, where: str) -> tuple[Any, dict[_Field, int]]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidDocument(f"{where}: not UTF-8 at byte {error.start}") from error
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines: dict[_Field, int] = {}
        if node is None:
            return {}, lines
        _check(node, where, (), lines, set())
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidDocument(f"{where}:{line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidDocument(f"{where}: not YAML: {error}") from error
    finally:
        loader.dispose()


def _check(node: yaml.Node, where: str, field: _Field, lines: dict[_Field, int], seen: set[int]) -> None:
    """Refuse aliases, duplicate keys and depth; note the line of every field."""
    line = node.start_mark.line + 1
    lines.setdefault(field, line)
    if id(node) in seen:
        raise InvalidDocument(f"{where}:{line}: anchors and aliases (& and *) are not allowed")
    seen.add(id(node))
    if len(field) > MAX_DEPTH:
        raise InvalidDocument(f"{where}:{line}: nested deeper than {MAX_DEPTH} levels")
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise InvalidDocument(f"{where}:{key.start_mark.line + 1}: a key must be a plain word")
            name = str(key.value)
            key_line = key.start_mark.line + 1
            if name in keys:
                raise InvalidDocument(f"{where}:{key_line}: the key {name!r} stands twice")
            keys.add(name)
            lines[(*field, name)] = key_line
            _check(value, where, (*field, name), lines, seen)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _check(item, where, (*field, index), lines, seen)


def _tuples(value: Any) -> Any:
    """Strict validation wants tuples where a document has lists."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    return value


def _translate(
    error: ValidationError, model: type[Document], where: str, lines: Mapping[_Field, int]
) -> InvalidDocument:
    messages, hint = [], None
    for problem in error.errors():
        field = tuple(part for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            known = _known_keys(model, field[:-1])
            close = nearest(str(field[-1]), known, limit=1)
            message = "unknown key"
            hint = hint or (
                f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(sorted(known))}"
            )
        elif problem["type"] == "missing":
            message = "is missing"
        messages.append(
            f"{where}:{_line(field, lines)}: {'.'.join(map(str, field)) or 'document'}: {message}"
        )
    return InvalidDocument("\n".join(messages), hint=hint)


def _line(field: _Field, lines: Mapping[_Field, int]) -> int:
    """Return the line of a field, or of the nearest parent that stands in the document."""
    while field and field not in lines:
        field = field[:-1]
    return lines.get(field, 1)


def _known_keys(model: type[BaseModel], field: _Field) -> tuple[str, ...]:
    """Return the keys that the model allows at `field`."""
    current: type[BaseModel] | None = model
    for part in field:
        if current is None or not isinstance(part, str) or part not in current.model_fields:
            continue
        current = _model_in(current.model_fields[part].annotation)
    return tuple(current.model_fields) if current else ()


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in typing.get_args(annotation):
        if found := _model_in(argument):
            return found
    return None

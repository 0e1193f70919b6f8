"""Reading a reviewed YAML document strictly: no anchors, no duplicate keys, no unknown keys, errors with a line.

A document that people approve must mean one thing. Plain YAML lets the last of two equal keys win, reads `no` as
false and expands a few bytes into gigabytes; here each of these is an error that names file, line and field, and an
unknown key is answered with the nearest known one.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from evaluators.errors import InvalidDocument
from evaluators.names import PATTERNS, nearest

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


def parse_mapping(data: bytes, *, where: str, most: int = MAX_BYTES) -> dict[str, Any]:
    """Parse YAML that nobody reviewed into a plain mapping: as strictly, because its author is a stranger.

    Args:
        data: The YAML; an empty one is an empty mapping.
        where: Names it in errors.
        most: Bytes that it may have; composing takes about 500 times as many.

    Raises:
        InvalidDocument: If it is larger, not YAML or no mapping, or has aliases, keys that stand twice, or more than
            `MAX_DEPTH` levels.
    """
    if len(data) > most:
        raise InvalidDocument(f"{where}: {len(data):,} bytes of YAML; at most {most:,} are read")
    _check_events(data.decode("utf-8", "replace"), where)
    value, _ = _load(data, where)
    if not isinstance(value, dict):
        raise InvalidDocument(f"{where}: a mapping of fields is expected, this is {type(value).__name__}")
    return value


def _load(data: bytes, where: str) -> tuple[Any, dict[_Field, int]]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidDocument(f"{where}: not UTF-8 at byte {error.start}") from error
    if b"&" in data or _may_be_deep(data):
        _check_events(text, where)
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


def _may_be_deep(data: bytes) -> bool:
    """Whether so many levels may stand in so few bytes that composing them, which is recursive, ends the process."""
    return data.count(b"[") + data.count(b"{") > 10 * MAX_DEPTH or any(
        mark * (2 * MAX_DEPTH) in data for mark in (b"- ", b"? ", b"-\t", b"?\t")
    )


def _check_events(text: str, where: str) -> None:
    """Refuse depth before it is composed, and anchors that nothing refers to, which composing forgets."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if getattr(event, "anchor", None):
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise InvalidDocument(f"{where}:{line}: anchors and aliases (& and *) are not allowed")
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise InvalidDocument(f"{where}:{line}: nested deeper than {MAX_DEPTH} levels")
    except yaml.YAMLError as error:
        if "nesting depth" in str(error):
            # Newer parsers have a limit of their own, which is met first where they look ahead.
            raise InvalidDocument(f"{where}: nested deeper than {MAX_DEPTH} levels") from error
        return  # told with its place when it is read in earnest


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
        field = problem["loc"]
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
        elif problem["type"] == "string_pattern_mismatch":
            message = PATTERNS.get(problem["ctx"]["pattern"], message)
        shown = _written(field, lines)
        line = _line(shown, lines)
        messages.append(f"{where}:{line}: {'.'.join(map(str, shown)) or 'document'}: {message}")
    return InvalidDocument("\n".join(messages), hint=hint)


def _written(field: _Field, lines: Mapping[_Field, int]) -> _Field:
    """Return a field as it stands in the document: pydantic puts the kind of a union's member between."""
    kept: _Field = ()
    for position, part in enumerate(field):
        last = position == len(field) - 1
        if last or (*kept, part) in lines:
            kept = (*kept, part)
    return kept


def _line(field: _Field, lines: Mapping[_Field, int]) -> int:
    """Return the line of a field, or of the nearest parent that stands in the document."""
    while field and field not in lines:
        field = field[:-1]
    return lines.get(field, 1)


def _known_keys(model: type[BaseModel], field: _Field) -> tuple[str, ...]:
    """Return the keys that the model allows at `field`."""
    found: list[type[BaseModel]] = [model]
    for part in field:
        if not isinstance(part, str) or not found:
            continue
        members = [member for member in found if part in _kinds(member)]
        if members:
            found = members
        elif part in found[0].model_fields:
            found = list(_models_in(found[0].model_fields[part].annotation))
    return tuple(found[0].model_fields) if found else ()


def _kinds(model: type[BaseModel]) -> set[str]:
    """Return the words that tell a member of a union apart."""
    return {
        str(word)
        for field in model.model_fields.values()
        if typing.get_origin(field.annotation) is typing.Literal
        for word in typing.get_args(field.annotation)
    }


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)

"""Reads a safetensors file without loading it: its header, checked strictly, and whether its numbers are numbers.

In: a path. Out: tensors with names, shapes and places; the first one that holds NaN or an infinity. Invariants: no
array library and no torch, so that the core can admit a model anywhere; memory stays bounded whatever the file says;
every byte belongs to exactly one tensor, so nothing can hide between them.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

MAX_HEADER = 25_000_000
MAX_TENSORS = 50_000
_BLOCK = 1 << 22
_NAME = re.compile(r"[\w.:/@+\[\] -]{1,512}", re.ASCII)

_ITEM_SIZE = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1,
    "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4,
    "I64": 8, "U64": 8, "F64": 8,
}  # fmt: skip

# The bits that are all one in NaN and infinity: of an element's last byte, and of the byte before it.
_EXPONENT = {
    "F64": (0x7F, 0xF0), "F32": (0x7F, 0x80), "BF16": (0x7F, 0x80), "F16": (0x7C, 0), "F8_E5M2": (0x7C, 0),
    "F8_E4M3": (0x7F, 0),
}  # fmt: skip


class BrokenFileError(Exception):
    """The file is not safetensors as this hub accepts it; the message says why."""


@dataclass(frozen=True)
class Tensor:
    """One tensor of a file.

    Attributes:
        name: Its name; text from outside, never a path.
        dtype: As safetensors writes it: `F32`, `BF16`.
        shape: Sizes of its dimensions.
        start: Offset of its first byte in the file.
        size: Bytes.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    size: int

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def is_float(self) -> bool:
        """Whether its numbers are floating-point, as weights are."""
        return self.dtype in _EXPONENT


def read_tensors(path: Path) -> tuple[Tensor, ...]:
    """Return the tensors of a file in the order of their bytes.

    Raises:
        BrokenFileError: If the header is not exactly what the format allows.
        OSError: If the file cannot be read.
    """
    file_size = path.stat().st_size
    with path.open("rb") as stream:
        prefix = stream.read(8)
        length = int.from_bytes(prefix, "little")
        if len(prefix) < 8 or length > file_size - 8:
            raise BrokenFileError("is cut off: its header is longer than the file")
        if length > MAX_HEADER:
            raise BrokenFileError(f"has a header of {length:,} bytes; at most {MAX_HEADER:,} are accepted")
        header = stream.read(length)
    data_start = 8 + length
    tensors = [_tensor(name, entry, data_start) for name, entry in _entries(header).items()]
    tensors.sort(key=lambda tensor: (tensor.start, tensor.size))
    _check_coverage(tensors, data_start, file_size)
    return tuple(tensors)


def first_not_finite(path: Path, tensors: tuple[Tensor, ...]) -> Tensor | None:
    """Return the first floating-point tensor that holds NaN or an infinity, or None. Streams the file."""
    with path.open("rb") as stream:
        for tensor in tensors:
            if tensor.is_float and any(_not_finite(block, tensor.dtype) for block in _blocks(stream, tensor)):
                return tensor
    return None


def all_zero(path: Path, tensors: tuple[Tensor, ...]) -> bool:
    """Whether every floating-point number of the file is zero: weights that were never written."""
    with path.open("rb") as stream:
        for tensor in tensors:
            if tensor.is_float and any(block.count(0) != len(block) for block in _blocks(stream, tensor)):
                return False
    return True


def _entries(header: bytes) -> dict[str, Any]:
    if not header.startswith(b"{"):
        raise BrokenFileError("has a header that is not a JSON object")
    try:
        entries = json.loads(header.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise BrokenFileError(f"has a header that is not JSON ({error})") from error
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise BrokenFileError("has metadata that is not text")
    if len(entries) > MAX_TENSORS:
        raise BrokenFileError(f"has {len(entries):,} tensors; at most {MAX_TENSORS:,} are accepted")
    return dict(entries)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BrokenFileError("has a header with the same key twice")
    return found


def _tensor(name: str, entry: Any, data_start: int) -> Tensor:
    if not _NAME.fullmatch(name) or ".." in name:
        raise BrokenFileError(f"has a tensor with a name that is not accepted: {name[:60]!r}")
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise BrokenFileError(f"describes the tensor {name} in an unknown way")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _ITEM_SIZE:
        raise BrokenFileError(f"holds {name} as {str(dtype)[:20]!r}, a type that is not accepted")
    if not _counts(shape) or not _counts(offsets) or len(offsets) != 2:
        raise BrokenFileError(f"gives {name} a shape or a place that is not made of whole numbers")
    start, end = offsets
    if end - start != math.prod(shape) * _ITEM_SIZE[dtype]:
        raise BrokenFileError(f"gives {name} a place that does not fit its shape {shape}")
    return Tensor(name=name, dtype=dtype, shape=tuple(shape), start=data_start + start, size=end - start)


def _counts(value: Any) -> bool:
    """Whether a value is a short list of non-negative whole numbers."""
    return (
        isinstance(value, list)
        and len(value) <= 16
        and all(type(item) is int and 0 <= item < 1 << 62 for item in value)
    )


def _check_coverage(tensors: list[Tensor], data_start: int, file_size: int) -> None:
    position = data_start
    for tensor in tensors:
        if tensor.start != position:
            raise BrokenFileError(f"has a hole or an overlap before {tensor.name}")
        position += tensor.size
    if position != file_size:
        raise BrokenFileError(f"has {file_size:,} bytes, but its tensors end at {position:,}")


def _blocks(stream: BinaryIO, tensor: Tensor) -> Iterator[bytes]:
    stream.seek(tensor.start)
    left = tensor.size
    while left:
        block = stream.read(min(_BLOCK, left))
        if not block:
            return
        left -= len(block)
        yield block


def _not_finite(block: bytes, dtype: str) -> bool:
    """Whether a block of little-endian numbers holds NaN or an infinity: an exponent of ones."""
    size = _ITEM_SIZE[dtype]
    last_mask, before_mask = _EXPONENT[dtype]
    last = block[size - 1 :: size].translate(_flags(last_mask))
    if not before_mask:
        return b"\x01" in last
    if b"\x01" not in last:
        return False
    before = block[size - 2 :: size].translate(_flags(before_mask))
    return int.from_bytes(last, "little") & int.from_bytes(before, "little") != 0


@functools.cache
def _flags(mask: int) -> bytes:
    """Return the table that maps a byte to 1 where all bits of `mask` are set, else to 0."""
    return bytes(byte & mask == mask for byte in range(256))

"""Reading safetensors without loading it: strict as the format, and right about NaN."""

import contextlib
import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.safetensors_file import MAX_HEADER, BrokenFileError, all_zero, first_not_finite, read_tensors
from tests.hub.models import floats, safetensors, tiny_bert, with_header

ONE = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def header(entries, data=b"\0" * 8, *, raw=None):
    return with_header(json.dumps(entries).encode() if raw is None else raw, data)


BROKEN = {
    "empty": b"",
    "shorter than a length": b"\x08\0\0",
    "length beyond the file": struct.pack("<Q", 100) + b"{}",
    "length of 2^63": struct.pack("<Q", 1 << 63) + b"{}",
    "header too large": struct.pack("<Q", MAX_HEADER + 1) + b" " * (MAX_HEADER + 1),
    "not JSON": header({}, raw=b"{not json"),
    "not UTF-8": header({}, raw=b'{"\xff": 1}'),
    "a list": header({}, raw=b"[]", data=b""),
    "a leading space": header({}, raw=b' {"w": 1}'),
    "deep JSON": header({}, raw=b'{"w": ' + b"[" * 100_000),
    "the same name twice": header({}, raw=b'{"w": %b, "w": %b}' % ((json.dumps(ONE).encode(),) * 2)),
    "metadata that is not text": header({"__metadata__": {"format": 1}, "w": ONE}),
    "metadata that is a list": header({"__metadata__": ["pt"], "w": ONE}),
    "an unknown dtype": header({"w": {**ONE, "dtype": "F33"}}),
    "a dtype that is no text": header({"w": {**ONE, "dtype": ["F32"]}}),
    "a missing key": header({"w": {"dtype": "F32", "shape": [2]}}),
    "an extra key": header({"w": {**ONE, "code": "x"}}),
    "a negative size": header({"w": {**ONE, "shape": [-2]}}),
    "a size that is not whole": header({"w": {**ONE, "shape": [2.0]}}),
    "a size that is true": header({"w": {**ONE, "shape": [2, True]}}),
    "a size beyond memory": header({"w": {**ONE, "shape": [1 << 62, 4]}}),
    "offsets that do not fit the shape": header({"w": {**ONE, "data_offsets": [0, 4]}}),
    "reversed offsets": header({"w": {**ONE, "data_offsets": [8, 0]}}),
    "three offsets": header({"w": {**ONE, "data_offsets": [0, 4, 8]}}),
    "offsets beyond the file": header({"w": {**ONE, "data_offsets": [8, 16]}}),
    "a hole": header({"w": {**ONE, "data_offsets": [4, 12]}}, data=b"\0" * 12),
    "an overlap": header({"v": ONE, "w": ONE}),
    "trailing bytes": header({"w": ONE}, data=b"\0" * 9),
    "a file that is cut": header({"w": ONE}, data=b"\0" * 7),
    "a path as a name": header({"../../etc/passwd": ONE}),
    "markup as a name": header({"<script>": ONE}),
    "a line break in a name": header({"a\nb": ONE}),
    "an endless name": header({"w" * 600: ONE}),
    "an empty name": header({"": ONE}),
    "a tensor that is a list": header({"w": []}),
    "a shape of seventeen": header({"w": {**ONE, "shape": [1] * 16 + [2]}}),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_header_is_refused(tmp_path, data):
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(BrokenFileError):
        read_tensors(path)


def test_a_good_file_is_read_as_the_format_says(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(tiny_bert()["model.safetensors"])
    found = {tensor.name: (tensor.dtype, tensor.shape, tensor.elements) for tensor in read_tensors(path)}
    assert found["encoder.layer.0.output.dense.weight"] == ("F32", (4, 4), 16)
    assert sum(elements for _, _, elements in found.values()) == 20 + 16 + 4 + 16 + 256


def test_it_agrees_with_the_safetensors_library(tmp_path):
    from safetensors.numpy import save_file

    kinds = (np.float32, np.float16, np.int64, np.bool_)
    arrays = {f"layer.{n}": np.ones((n, 2), dtype=dtype) for n, dtype in enumerate(kinds)}
    save_file(arrays, tmp_path / "x", metadata={"format": "np"})
    found = {tensor.name: tensor.shape for tensor in read_tensors(tmp_path / "x")}
    assert found == {name: array.shape for name, array in arrays.items()}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(data)
    with pytest.raises(BrokenFileError):
        read_tensors(path)


@settings(max_examples=300, deadline=None)
@given(position=st.integers(0, 10_000), value=st.integers(0, 255))
def test_one_changed_byte_is_read_or_refused(tmp_path_factory, position, value):
    path = tmp_path_factory.getbasetemp() / "mutated.safetensors"
    data = bytearray(tiny_bert()["model.safetensors"])
    data[position % len(data)] = value
    path.write_bytes(data)
    with contextlib.suppress(BrokenFileError):
        first_not_finite(path, read_tensors(path))


KINDS = {"F64": np.float64, "F32": np.float32, "F16": np.float16}


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(sorted(KINDS)), data=st.data())
def test_not_finite_is_what_numpy_calls_not_finite(tmp_path_factory, kind, data):
    dtype = np.dtype(KINDS[kind])
    numbers = np.frombuffer(data.draw(st.binary(min_size=0, max_size=64)).ljust(64, b"\0"), dtype=dtype)
    path = tmp_path_factory.getbasetemp() / "numbers.safetensors"
    path.write_bytes(safetensors({"w": (kind, [len(numbers)], numbers.tobytes())}))
    assert (first_not_finite(path, read_tensors(path)) is None) == bool(np.isfinite(numbers).all())


@pytest.mark.parametrize("special", [np.nan, -np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_one_bad_number_among_many_is_found(tmp_path, kind, special):
    numbers = np.full(3_000_000, np.finfo(KINDS[kind]).max, dtype=KINDS[kind])
    path = tmp_path / "x"
    path.write_bytes(safetensors({"w": (kind, [numbers.size], numbers.tobytes())}))
    assert first_not_finite(path, read_tensors(path)) is None
    numbers[2_999_999] = special
    path.write_bytes(safetensors({"w": (kind, [numbers.size], numbers.tobytes())}))
    assert first_not_finite(path, read_tensors(path)).name == "w"


@pytest.mark.parametrize(
    ("kind", "bits", "finite"),
    [
        ("BF16", b"\x7f\x7f", True),
        ("BF16", b"\x80\x7f", False),
        ("BF16", b"\xc0\xff", False),
        ("F8_E5M2", b"\x7b", True),
        ("F8_E5M2", b"\xfc", False),
        ("F8_E4M3", b"\x7e", True),
        ("F8_E4M3", b"\xff", False),
        ("I32", b"\xff\xff\xff\x7f", True),
    ],
)
def test_small_formats_are_told_by_their_bits(tmp_path, kind, bits, finite):
    path = tmp_path / "x"
    path.write_bytes(safetensors({"w": (kind, [1], bits)}))
    assert (first_not_finite(path, read_tensors(path)) is None) is finite


def test_zeros_are_told_from_weights(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(safetensors({"w": ("F32", [2], floats(0, 0)), "ids": ("I64", [1], b"\x01" + b"\0" * 7)}))
    assert all_zero(path, read_tensors(path))
    path.write_bytes(safetensors({"w": ("F32", [2], floats(0, 1e-30))}))
    assert not all_zero(path, read_tensors(path))

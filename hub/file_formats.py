"""Which files a model may consist of, decided by content and by name.

In: the name of a file and its bytes on disk. Out: None, or a `Finding` that says what is wrong and what helps.
Invariants: an allow list (safetensors, JSON, text), never a list of known bad things; a file must parse as what its
name says; nothing is ever unpickled, imported or unpacked to find out.
"""

from __future__ import annotations

import json
import pickletools
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from evaluators.document import Document
from hub.safetensors_file import BrokenFileError, read_tensors

MAX_TEXT = 128 * 1024 * 1024

_PICKLED = frozenset(
    {
        ".bin",
        ".pt",
        ".pth",
        ".th",
        ".ckpt",
        ".pkl",
        ".pickle",
        ".joblib",
        ".dill",
        ".tar",
        ".npy",
        ".npz",
        ".mar",
    }
)
_OTHER_WEIGHTS = frozenset(
    {".h5", ".keras", ".hdf5", ".msgpack", ".onnx", ".gguf", ".ggml", ".tflite", ".ot", ".pb"}
)
_CODE = frozenset({".py", ".pyc", ".so", ".dll", ".dylib", ".sh", ".js", ".ipynb", ".jar", ".exe"})
_TEXT = frozenset({".txt", ".md", ".jinja"})
_TEXT_NAMES = frozenset({"LICENSE", "LICENCE", "NOTICE", ".gitattributes"})
# What makes a pickle do something; without one of these it only holds plain values.
_ACTING = frozenset(
    {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD", "EXT1"}
)
# Keys by which a configuration asks its loader to run code of the repository.
_CODE_KEYS = frozenset({"auto_map", "custom_pipelines", "trust_remote_code"})
# Files whose keys are words of a vocabulary, not settings.
_VOCABULARIES = frozenset({"tokenizer.json", "vocab.json", "added_tokens.json"})


class Finding(Document):
    """Something about a file that refuses the model."""

    file: str
    message: str
    hint: str | None = None


def inspect_file(name: str, path: Path) -> Finding | None:
    """Return what is wrong with one file of a model, or None.

    Args:
        name: Its path inside the model.
        path: Where its bytes are; that name means nothing.

    Raises:
        OSError: If it cannot be read.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _CODE:
        return Finding(
            file=name,
            message="is code; a model of this hub is data, and nothing of a model repository is ever run",
            hint="use an architecture that transformers or timm implements themselves",
        )
    if suffix == ".safetensors":
        return _safetensors(name, path)
    if suffix in _PICKLED or _is_pickle(path):
        return _pickle(name)
    if suffix == ".json":
        return _json(name, path)
    if suffix in _TEXT or PurePosixPath(name).name in _TEXT_NAMES:
        return _text(name, path)
    kind = "weights in another format" if suffix in _OTHER_WEIGHTS else "of a format that is not accepted"
    return Finding(
        file=name,
        message=f"is {kind}",
        hint="a model consists of .safetensors, .json and .txt files; take this one off the card's `files`",
    )


def read_json(path: Path) -> Any:
    """Return a JSON file's value.

    Raises:
        ValueError: If it is not JSON of a sensible size and depth.
    """
    if path.stat().st_size > MAX_TEXT:
        raise ValueError(f"is larger than {MAX_TEXT:,} bytes")
    try:
        return json.loads(path.read_bytes().decode("utf-8"))
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


def _pickle(name: str) -> Finding:
    base = PurePosixPath(name).name
    convert = (
        "import torch; from safetensors.torch import save_file; "
        f"c = torch.load('{base}', map_location='cpu', weights_only=True); "
        "save_file({k: v.contiguous() for k, v in c.get('state_dict', c).items()}, 'model.safetensors')"
    )
    return Finding(
        file=name,
        message="is a Python pickle: loading one can run any code it brings, so none is accepted, whatever its name",
        hint="ask its publisher for safetensors, or convert it once, where nothing of value can be reached: "
        f'python -c "{convert}"',
    )


def _safetensors(name: str, path: Path) -> Finding | None:
    try:
        read_tensors(path)
    except BrokenFileError as error:
        # Only asked of a file that does not parse: the length of a good header can look like a pickle's first bytes.
        if _is_pickle(path):
            return _pickle(name)
        return Finding(
            file=name, message=f"is not safetensors: it {error}", hint="fetch it again from its publisher"
        )
    return None


def _json(name: str, path: Path) -> Finding | None:
    try:
        value = read_json(path)
    except ValueError as error:
        return Finding(file=name, message=f"is not JSON ({error})")
    base = PurePosixPath(name).name
    key = None if base in _VOCABULARIES else _code_key(value)
    if key is None and base == "modules.json":
        key = _foreign_module(value)
    if key is None:
        return None
    return Finding(
        file=name,
        message=f"asks its loader to run code of the model repository ({key})",
        hint="use an architecture that transformers, timm or sentence-transformers implements themselves",
    )


def _code_key(value: Any) -> str | None:
    """Return the first key of a configuration that asks for code; nested values count too."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            found = next((key for key in current if key in _CODE_KEYS and current[key]), None)
            if found:
                return str(found)
            waiting += current.values()
        elif isinstance(current, list):
            waiting += current
    return None


def _foreign_module(value: Any) -> str | None:
    """Return the first module of a SentenceTransformer that its library does not implement itself."""
    for row in value if isinstance(value, list) else [value]:
        kind = row.get("type") if isinstance(row, dict) else None
        if not isinstance(kind, str) or not kind.startswith("sentence_transformers."):
            return f"module type {kind!r}"
    return None


def _text(name: str, path: Path) -> Finding | None:
    if path.stat().st_size > MAX_TEXT:
        return Finding(file=name, message=f"is larger than {MAX_TEXT:,} bytes; text is not")
    try:
        data = path.read_bytes()
        data.decode("utf-8")
    except UnicodeDecodeError:
        return Finding(file=name, message="is not text, although its name says so")
    return Finding(file=name, message="is not text: it holds a zero byte") if b"\0" in data else None


def _is_pickle(path: Path) -> bool:
    """Whether bytes are a pickle, alone or in the zip that torch writes, without loading any of it."""
    with path.open("rb") as stream:
        head = stream.read(4)
        if head.startswith(b"PK"):
            return zipfile.is_zipfile(path)
        if head[:1] == b"\x80" and head[1:2] in b"\x01\x02\x03\x04\x05":
            return True
        stream.seek(0)
        acting = False
        try:
            for opcode, _, _ in pickletools.genops(stream):
                acting = acting or opcode.name in _ACTING
        except (ValueError, UnicodeError, OverflowError, IndexError, KeyError, EOFError):
            return False
    return acting

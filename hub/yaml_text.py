"""Values that were read elsewhere, as one line of YAML that means exactly them.

In: text, or lists and mappings of it, as a place says it. Out: YAML flow in which every string is quoted and every
character that is not printed is an escape. JSON alone does not do: YAML folds U+0085 and U+2028 into a space, and knows
no pairs of surrogates. Pure.
"""

from __future__ import annotations

import json
import re
from typing import Any

from evaluators.errors import InvalidDocument

#: Names of a model's files that mean themselves without quotes.
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*\.(?:json|model|safetensors|txt)")


def yaml_text(value: Any) -> str:
    """Return a value of JSON as YAML flow.

    Raises:
        InvalidDocument: If a string has half a character (a lone surrogate), which no file can hold.
    """
    written = json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escaped(char, written) for char in written)


def yaml_path(path: str) -> str:
    """Return the name of a file: as it is where that is unmistakable, quoted elsewhere."""
    return path if _PLAIN.fullmatch(path) else yaml_text(path)


def _escaped(char: str, written: str) -> str:
    number = ord(char)
    if 0xD800 <= number < 0xE000:
        raise InvalidDocument(
            f"{ascii(written)[1:-1][:80]} has half a character (a lone surrogate), which cannot be written into a card",
            hint="correct it in the files of the model",
        )
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"

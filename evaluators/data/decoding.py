"""One image file to pixels: JPEG and PNG alone, as people saw them, or why not and what helps.

In: the bytes of a file. Out: uint8 RGB (height, width, 3). Only two decoders run: every other is code that untrusted
bytes would reach, for formats that are converted once in a minute.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps

from evaluators.data.samples import Image

MAX_PIXELS = 50_000_000
_FORMATS = ("JPEG", "PNG")
_EIGHT_BIT = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"})
#: What other files begin with, at which offset.
_KINDS = (
    (0, b"GIF8", "a GIF"), (8, b"WEBP", "a WebP image"), (0, b"BM", "a bitmap (BMP)"), (0, b"II*\x00", "a TIFF"),
    (0, b"MM\x00*", "a TIFF"), (4, b"ftyphei", "a HEIC photo"), (4, b"ftypmif1", "a HEIC photo"),
    (4, b"ftypavif", "an AVIF image"), (0, b"%PDF", "a PDF"),
)  # fmt: skip
_CONVERT = "convert it to PNG or JPEG, with ImageMagick for example: magick OLD NEW.png"


class NotAnImage(Exception):
    """These bytes are no image that is read here.

    Attributes:
        reason: Why, to stand behind the file's name.
        hint: What helps.
    """

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def decode(data: bytes) -> Image:
    """Decode a JPEG or PNG to uint8 RGB (height, width, 3); transparency is dropped.

    It stands as a camera says it should (EXIF orientation), as people who labelled it saw it.

    Raises:
        NotAnImage: If it does not decode, moves, is larger than 50 million pixels or has more than 8 bits a channel.
    """
    try:
        with Pillow.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise NotAnImage(f"{picture.width}x{picture.height} is too large", "make it smaller")
            if picture.mode not in _EIGHT_BIT:
                raise NotAnImage("more than 8 bits a channel", "convert it to an 8-bit PNG or JPEG")
            # Phones put previews behind a JPEG, which is still one picture.
            if picture.format == "PNG" and getattr(picture, "n_frames", 1) > 1:
                raise NotAnImage(
                    "an animation, which is no one image", "save the frame that the label is about"
                )
            # A palette whose transparency is bytes cannot be turned into RGB in one step.
            upright = ImageOps.exif_transpose(picture)
            opaque = upright.convert("RGBA") if "transparency" in upright.info else upright
            return np.array(opaque.convert("RGB"))
    except (OSError, SyntaxError, ValueError, EOFError, Pillow.DecompressionBombError) as error:
        raise _refusal(data) from error


def _refusal(data: bytes) -> NotAnImage:
    kind = next((name for at, magic, name in _KINDS if data[at:].startswith(magic)), None)
    if kind is not None:
        return NotAnImage(f"{kind}, not a JPEG or PNG image", _CONVERT)
    looks = " (it is empty)" if not data else " (it looks like text)" if _is_text(data[:64]) else ""
    return NotAnImage(
        f"not a JPEG or PNG image that can be decoded{looks}",
        "remove it from the set, or replace it by the image",
    )


def _is_text(head: bytes) -> bool:
    return all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head)

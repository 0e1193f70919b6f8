"""Draws the images that the in-house glyph base learns from: printed characters, bent towards handwriting.

A base transfers only as far as its images resemble the task, and no public image may enter an in-house base
without a licence question. Fonts answer both: 22 text fonts come with matplotlib, 62 characters each, and any
number of images follows from them and a seed.

In: a `GlyphRecipe`. Out: grey images (images, 32, 32) uint8, bright ink on 0, and labels (images,) int64
that index `CHARACTERS`. Invariants: one recipe gives one set of pixels; recipes of one seed draw the same
characters in the same fonts, so two bases made from them differ by the distortions and by nothing else.

The distortions of `GOOD` were chosen while looking at scikit-learn's digits, so results there are optimistic.
`PLAIN` leaves them out: it looks like a reasonable recipe and transfers worse than raw pixels.
"""

import string
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

CHARACTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits

# The fonts of matplotlib whose 62 characters are letters and digits. The rest of its folder is symbols,
# brackets in five sizes, and display cuts with a handful of characters.
FONTS = (
    *(f"DejaVuSans{cut}" for cut in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{cut}" for cut in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{cut}" for cut in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{cut}" for cut in ("", "Bol", "Italic", "BolIta")),
    *("cmb10", "cmmi10", "cmr10", "cmss10", "cmti10", "cmtt10"),
)

SHOWN = 32  # what the network sees
AVERAGED = 8  # the resolution of scikit-learn's digits
CANVAS = 64  # where glyphs are bent: double the shown size, so that bending leaves no stairs
BLOCK = 1_000  # images bent at once: the coordinates of a block are 33 MB


@dataclass(frozen=True)
class GlyphRecipe:
    """Every number of a glyph base: what is drawn, and how the network learns it.

    Attributes:
        images: How many images are drawn; each epoch shows them all.
        seed: Of the drawing, the initial weights and the order.
        font_pixels: Size of the type on a canvas of 64; small enough that no bent letter reaches the border.
        warp: Standard deviation of the displacement of each node of the 3x3 mesh; 1 is half the canvas.
        shear: Largest horizontal shear, either way.
        rotation: Largest rotation in degrees, either way.
        dilation: Largest growth of the strokes in canvas pixels, on each side.
        crop: Whether the image is cropped to the square around the ink.
        average: Whether the image is box-averaged to 8x8 before it is shown at 32x32.
        epochs: Passes over the images.
        batch: Images a step.
        max_lr: Peak of the one-cycle schedule.
        weight_decay: Of AdamW, on matrices only.
        threads: Of torch; another number sums in another order and gives other last bits.
    """

    images: int = 40_000
    seed: int = 0
    font_pixels: int = 32
    warp: float = 0.12
    shear: float = 0.3
    rotation: float = 12.0
    dilation: int = 1
    crop: bool = True
    average: bool = True
    epochs: int = 8
    batch: int = 128
    max_lr: float = 3e-3
    weight_decay: float = 0.05
    threads: int = 2


GOOD = GlyphRecipe()
PLAIN = replace(GOOD, warp=0.0, shear=0.0, rotation=0.0, dilation=0, crop=False, average=False)
RECIPES = {"good": GOOD, "plain": PLAIN}


def draw_glyphs(recipe: GlyphRecipe) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw the images of a recipe.

    Args:
        recipe: What to draw; the training fields are not read.

    Returns:
        Images (images, 32, 32), ink bright on 0, and labels (images,): indices into `CHARACTERS`, which
        take turns, so that every character is drawn equally often.
    """
    rng = np.random.default_rng(recipe.seed)
    templates = _draw_templates(recipe.font_pixels)
    labels = np.arange(recipe.images, dtype=np.int64) % len(CHARACTERS)
    fonts = rng.integers(len(FONTS), size=recipe.images)
    images = np.empty((recipe.images, SHOWN, SHOWN), np.uint8)
    for start in range(0, recipe.images, BLOCK):
        block = slice(start, start + BLOCK)
        glyphs = templates[fonts[block], labels[block]]
        bent = _sample(glyphs, _bend(recipe, rng, len(glyphs)))
        # Drawn for every recipe, also where it is 0, so that all recipes consume the same random numbers.
        radii = np.floor(rng.random(len(glyphs)) * (recipe.dilation + 1)).astype(int)
        images[block] = list(_show(bent, radii, recipe))
    return images, labels


def _draw_templates(font_pixels: int) -> NDArray[np.uint8]:
    """Render each character of each font once, its ink centred: (fonts, characters, CANVAS, CANVAS)."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    templates = np.zeros((len(FONTS), len(CHARACTERS), CANVAS, CANVAS), np.uint8)
    for row, name in enumerate(FONTS):
        # The basic layout needs no raqm: the same pixels whether or not Pillow was built with it.
        font = ImageFont.truetype(folder / f"{name}.ttf", font_pixels, layout_engine=ImageFont.Layout.BASIC)
        for column, character in enumerate(CHARACTERS):
            left, top, right, bottom = font.getbbox(character)
            canvas = Image.new("L", (CANVAS, CANVAS))
            corner = ((CANVAS - left - right) / 2, (CANVAS - top - bottom) / 2)
            ImageDraw.Draw(canvas).text(corner, character, fill=255, font=font)
            templates[row, column] = np.asarray(canvas)
    return templates


def _bend(recipe: GlyphRecipe, rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Say where each canvas pixel of each image is read from: x, y in pixels, (count, CANVAS**2, 2)."""
    angle = np.deg2rad(rng.uniform(-1, 1, count) * recipe.rotation)
    shear = rng.uniform(-1, 1, count) * recipe.shear
    nodes = rng.normal(size=(count, 9, 2)) * recipe.warp
    cos, sin = np.cos(angle), np.sin(angle)
    # Rows of rotation @ [[1, shear], [0, 1]].
    matrix = np.stack([cos, cos * shear - sin, sin, sin * shear + cos], axis=1).reshape(count, 2, 2)
    axis = np.linspace(-1, 1, CANVAS)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    # Hat functions at -1, 0 and 1: a product of two spreads a node of the mesh over the canvas bilinearly.
    hats = np.maximum(0, 1 - np.abs(axis[:, None] - np.array([-1, 0, 1])))
    spread = np.einsum("yi,xj->yxij", hats, hats).reshape(CANVAS * CANVAS, 9)
    places = grid @ matrix.transpose(0, 2, 1) + spread @ nodes
    return np.asarray((places + 1) * (CANVAS - 1) / 2, np.float32)


def _sample(glyphs: NDArray[np.uint8], places: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Read glyphs (count, CANVAS, CANVAS) at fractional places, bilinearly; outside is the empty border."""
    places = places.clip(0, CANVAS - 1)
    corner = np.minimum(places.astype(np.int64), CANVAS - 2)
    right, down = np.moveaxis(places - corner, -1, 0)
    # One flat index per pixel: four plain takes are twice as fast as indexing by image, row and column.
    first = np.arange(len(glyphs))[:, None] * CANVAS**2 + corner[..., 1] * CANVAS + corner[..., 0]
    upper = glyphs.take(first) * (1 - right) + glyphs.take(first + 1) * right
    lower = glyphs.take(first + CANVAS) * (1 - right) + glyphs.take(first + CANVAS + 1) * right
    return np.asarray(np.rint(upper * (1 - down) + lower * down), np.uint8).reshape(glyphs.shape)


def _show(
    bent: NDArray[np.uint8], radii: NDArray[np.int64], recipe: GlyphRecipe
) -> Iterator[NDArray[np.uint8]]:
    """Thicken, crop and average each canvas as the recipe says; yield (SHOWN, SHOWN) images."""
    from PIL import Image, ImageFilter

    for pixels, radius in zip(bent, radii, strict=True):
        canvas = Image.fromarray(pixels).filter(ImageFilter.MaxFilter(2 * int(radius) + 1))
        if recipe.crop:
            canvas = canvas.crop(_square_around_ink(canvas))
        side = AVERAGED if recipe.average else SHOWN
        small = canvas.resize((side, side), Image.Resampling.BOX)
        # Bilinear, as config.json tells the preprocessors to show an 8x8 image: one path to the network.
        yield np.asarray(small.resize((SHOWN, SHOWN), Image.Resampling.BILINEAR))


def _square_around_ink(canvas: "Image") -> tuple[int, int, int, int]:
    """Find the smallest centred square that holds all ink; it may reach outside, where there is none."""
    left, top, right, bottom = canvas.getbbox() or (0, 0, CANVAS, CANVAS)
    side = max(right - left, bottom - top)
    x, y = (left + right - side) // 2, (top + bottom - side) // 2
    return x, y, x + side, y + side

"""Labelled images from a tar, a folder and a table of pixels."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from evaluators.data.images import ImageRows, decode_image, read_images
from evaluators.data.locations import facts_of
from evaluators.data.mirrors import find_in_package, parse_mirror
from evaluators.errors import InvalidDocument
from evaluators.task import DataFile, FileFormat

RED = np.full((4, 6, 3), (255, 0, 0), dtype=np.uint8)


def encoded(picture: Pillow.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def png(image: np.ndarray = RED) -> bytes:
    return encoded(Pillow.fromarray(image))


def tarred(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def read(path: Path, kind: FileFormat = "image-tar") -> ImageRows:
    file = DataFile(sha256="0" * 64, size=0, mirrors=(), format=kind)
    return read_images(path, file, where="set.tar")


def read_pixels(folder: Path, content: str) -> ImageRows:
    path = folder / "pixels.csv"
    path.write_text(content, encoding="utf-8")
    file = DataFile(sha256="0" * 64, size=0, mirrors=(), format="pixel-table", shape=(1, 2), maximum=16.0)
    return read_images(path, file, where="pixels.csv")


def test_a_tar_is_read_in_its_order_with_the_folder_as_class(tmp_path: Path) -> None:
    rows = read(tarred(tmp_path / "set.tar", {"train/dog/2.png": png(), "train/cat/1.png": png(255 - RED)}))
    assert rows.labels == ("dog", "cat")
    assert np.array_equal(rows.images[0], RED)
    assert np.array_equal(rows.images[1], 255 - RED)


def test_a_folder_is_read_in_the_order_of_its_paths(tmp_path: Path) -> None:
    for name in ("set/b/1.png", "set/a/2.png", "set/a/1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(png())
    assert read(tmp_path / "set", "image-folder").labels == ("a", "a", "b")


def test_an_image_stands_as_the_camera_was_held() -> None:
    picture = Pillow.new("RGB", (3, 2))
    picture.putpixel((0, 0), (255, 0, 0))
    exif = Pillow.Exif()
    exif[0x0112] = 6  # orientation: turn it by 90 degrees clockwise to show it
    stream = io.BytesIO()
    picture.save(stream, format="PNG", exif=exif)
    upright = decode_image(stream.getvalue(), where="photo.png")
    assert upright.shape == (3, 2, 3)
    assert upright[0, 1].tolist() == [255, 0, 0]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_every_8_bit_image_becomes_rgb(mode: str) -> None:
    data = encoded(Pillow.fromarray(RED).convert(mode), "JPEG" if mode == "CMYK" else "PNG")
    image = decode_image(data, where="x")
    assert (image.shape, image.dtype) == ((4, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"notes", "set.tar: a/x.png: not a JPEG or PNG image that can be decoded (it looks like text)"),
        (b"", "set.tar: a/x.png: not a JPEG or PNG image that can be decoded (it is empty)"),
        (png()[:50], "set.tar: a/x.png: not a JPEG or PNG image that can be decoded"),
        (
            encoded(Pillow.fromarray(RED), "GIF"),
            "set.tar: a/x.png: a GIF, not a JPEG or PNG image",
        ),
        (
            encoded(Pillow.fromarray(np.zeros((2, 2), dtype=np.uint16))),
            "set.tar: a/x.png: more than 8 bits a channel",
        ),
    ],
)
def test_a_member_that_is_no_image_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read(tarred(tmp_path / "set.tar", {"a/ok.png": png(), "a/x.png": data}))
    assert caught.value.message == message
    assert caught.value.hint


def test_an_image_without_class_and_a_link_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocument, match=r"set\.tar: x\.png: it stands in no folder"):
        read(tarred(tmp_path / "set.tar", {"x.png": png()}))
    with tarfile.open(tmp_path / "link.tar", "w") as archive:
        link = tarfile.TarInfo("a/x.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(InvalidDocument, match=r"set\.tar: a/x\.png: neither a file nor a folder"):
        read(tmp_path / "link.tar")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a WebP image, not a JPEG or PNG image"),
        (b"\x00\x00\x00\x18ftypheic\x00", "a HEIC photo, not a JPEG or PNG image"),
        (b"%PDF-1.7 ", "a PDF, not a JPEG or PNG image"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 40, "not a JPEG or PNG image that can be decoded"),
    ],
)
def test_another_kind_of_file_is_called_by_its_name(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        decode_image(data, where="x")
    assert caught.value.message == f"x: {said}"
    assert ("magick" in caught.value.hint) == (not data.startswith(b"\xff\xd8"))


def test_an_animation_is_refused_and_the_preview_behind_a_photo_is_not() -> None:
    frames = [Pillow.fromarray(RED), Pillow.fromarray(255 - RED)]
    for kind, still in (("PNG", False), ("MPO", True)):
        out = io.BytesIO()
        frames[0].save(out, kind, save_all=True, append_images=frames[1:])
        if still:
            assert decode_image(out.getvalue(), where="x").shape == (4, 6, 3)
        else:
            with pytest.raises(InvalidDocument, match="an animation"):
                decode_image(out.getvalue(), where="x")


def put(folder: Path, members: dict[str, bytes]) -> Path:
    for name, data in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_every_file_that_is_no_image_is_named_not_only_the_first(tmp_path: Path) -> None:
    texts = {f"a/{number}.txt": b"notes" for number in range(5)}
    with pytest.raises(InvalidDocument) as caught:
        read(
            put(tmp_path / "set", {"a/ok.png": png(), **texts, "b/x.png": b"", "0.png": png()}),
            "image-folder",
        )
    assert caught.value.message.splitlines() == [
        "set.tar: 0.png: it stands in no folder",
        "set.tar: a/0.txt, a/1.txt, a/2.txt and 2 more: not a JPEG or PNG image that can be decoded "
        "(it looks like text)",
        "set.tar: b/x.png: not a JPEG or PNG image that can be decoded (it is empty)",
    ]


def test_what_a_file_manager_leaves_is_no_part_of_the_data(tmp_path: Path) -> None:
    images = {"a/1.png": png(), "b/2.JPG": encoded(Pillow.fromarray(RED), "JPEG")}
    folder = put(tmp_path / "set", images)
    before = facts_of(folder)
    dropped = (".DS_Store", "a/.DS_Store", "b/Thumbs.db", "a/desktop.ini", "__MACOSX/a/._1.png", "a/._1.png")
    put(folder, dict.fromkeys(dropped, b"\x00\x01"))
    assert facts_of(folder) == before
    assert read(folder, "image-folder").labels == ("a", "b")
    assert read(tarred(tmp_path / "set.tar", {**images, "a/._1.png": b"\x00"})).labels == ("a", "b")


def test_a_folder_of_splits_is_not_mixed_into_one_set(tmp_path: Path) -> None:
    folder = put(tmp_path / "set", {"train/a/1.png": png(), "test/a/1.png": png()})
    with pytest.raises(InvalidDocument, match="holds test and train") as caught:
        read(folder, "image-folder")
    assert "set/train" in caught.value.hint
    assert read(folder / "train", "image-folder").labels == ("a",)


def test_what_is_no_tar_or_an_empty_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no tar")
    with pytest.raises(InvalidDocument, match=r"set\.tar: not a tar that can be read"):
        read(tmp_path / "x")
    with pytest.raises(InvalidDocument, match="there are no images"):
        read(tarred(tmp_path / "set.tar", {}))
    cut = tarred(tmp_path / "cut.tar", {"a/x.png": np.random.RandomState(0).bytes(9000)}).read_bytes()
    (tmp_path / "cut.tar").write_bytes(cut[:5000])
    with pytest.raises(InvalidDocument, match=r"set\.tar: "):
        read(tmp_path / "cut.tar")


def test_pixels_are_shown_as_grey_between_black_and_white(tmp_path: Path) -> None:
    rows = read_pixels(tmp_path, "0,16,seven\n4,8.5,1\n")
    assert rows.labels == ("seven", "1")
    assert [image[0].tolist() for image in rows.images] == [[[0] * 3, [255] * 3], [[64] * 3, [135] * 3]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("0,1,a\n1,a\n", "pixels.csv: line 2: 1 pixels, but 1x2 is 2"),
        ("p1,p2,label\n", "pixels.csv: line 1: a pixel is no number"),
        ("0,17,a\n", "pixels.csv: line 1: a pixel is outside 0 to 16"),
        ("0,nan,a\n", "pixels.csv: line 1: a pixel is outside 0 to 16"),
        ("0,1,\n", "pixels.csv: line 1: the label is empty"),
    ],
)
def test_a_wrong_table_of_pixels_is_named(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read_pixels(tmp_path, content)
    assert caught.value.message == message


def test_the_digits_of_scikit_learn_are_read_from_the_installed_package() -> None:
    from sklearn.datasets import load_digits

    path = find_in_package(parse_mirror("package:scikit-learn/sklearn/datasets/data/digits.csv.gz"))
    assert isinstance(path, Path)
    facts = facts_of(path)
    file = DataFile(
        sha256=facts.sha256, size=facts.size, mirrors=(), format="pixel-table", shape=(8, 8), maximum=16.0
    )
    rows, truth = read_images(path, file, where="digits"), load_digits()
    grey = np.stack(rows.images)
    assert np.array_equal(
        grey, np.repeat(np.rint(truth.images / 16 * 255).astype(np.uint8)[..., None], 3, axis=3)
    )
    assert rows.labels == tuple(map(str, truth.target))

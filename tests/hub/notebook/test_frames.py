"""Data in memory become a file, and thereby a task like any other; what cannot be written is told."""

import io
import json
import stat
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from evaluators.data.images import read_images
from evaluators.data.task_data import load_task
from evaluators.errors import UsageProblem
from evaluators.personal_task import OwnData
from hub.home import Home
from hub.notebook.frames import own_data_of
from hub.own_data import bring
from tests.pages import data_file


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def own(home):
    def make(data=None, **names):
        chosen = {"text": None, "image": None, "label": None, "images": None, **names}
        return own_data_of(data, **chosen, home=home)

    return make


def rows_of(own_data):
    return [json.loads(line) for line in Path(own_data.source).read_text().splitlines()]


FRAME = pd.DataFrame({"body": ["a b", "c\u2028d", "e"], "queue": ["x", "y", "x"], "more": [1, 2, 3]})


def test_a_frame_becomes_the_lines_of_its_two_columns(own):
    made = own(FRAME, text="body", label="queue")
    assert (made.text, made.label) == ("body", "queue")
    assert rows_of(made) == [
        {"body": "a b", "queue": "x"},
        {"body": "c\u2028d", "queue": "y"},
        {"body": "e", "queue": "x"},
    ]


def test_a_column_of_groups_is_kept_beside_them(own):
    made = own(FRAME, text="body", label="queue", group="more")
    assert made.group == "more"
    assert rows_of(made)[1] == {"body": "c\u2028d", "queue": "y", "more": 2}
    with pytest.raises(UsageProblem, match="no column 'mroe'"):
        own(FRAME, text="body", label="queue", group="mroe")


def test_images_have_no_groups_yet(own):
    with pytest.raises(UsageProblem, match="groups are a column of a table of texts"):
        own({"shot": [], "queue": []}, image="shot", label="queue", group="more")


def test_equal_rows_are_the_same_task_whatever_holds_them(own, home):
    columns = {"body": FRAME["body"].tolist(), "queue": FRAME["queue"].tolist()}
    frame = own(FRAME.assign(queue=FRAME["queue"].astype("category")), text="body", label="queue")
    assert own(columns, text="body", label="queue") == frame
    assert bring(frame, home).task.id.startswith("my-dataframe-")


def test_what_was_written_is_for_its_owner_alone(own):
    path = Path(own(FRAME, text="body", label="queue").source)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_numbers_as_labels_and_missing_cells_are_written_as_such(own):
    frame = pd.DataFrame({"t": ["a", None, "c"], "l": np.array([1, 2, 3])})
    assert rows_of(own(frame, text="t", label="l")) == [
        {"t": "a", "l": 1},
        {"t": None, "l": 2},
        {"t": "c", "l": 3},
    ]
    gap = pd.DataFrame({"t": ["a", "b"], "l": [1.0, np.nan]})
    assert rows_of(own(gap, text="t", label="l"))[1] == {"t": "b", "l": None}


def test_labels_of_a_dataset_are_its_class_names(own):
    datasets = pytest.importorskip("datasets")
    names = datasets.ClassLabel(names=["refund", "other"])
    features = datasets.Features({"text": datasets.Value("string"), "label": names})
    made = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [0, 1, -1]}, features=features)
    assert [row["label"] for row in rows_of(own(made, text="text", label="label"))] == [
        "refund",
        "other",
        None,
    ]


def test_several_sets_are_told_apart_by_the_reader(own):
    datasets = pytest.importorskip("datasets")
    made = datasets.DatasetDict({"train": datasets.Dataset.from_dict({"t": ["a"], "l": ["b"]})})
    with pytest.raises(UsageProblem, match="several sets: train") as caught:
        own(made, text="t", label="l")
    assert caught.value.hint == 'take one: data["train"]'


def test_a_missing_column_names_the_nearest_and_those_there_are(own):
    with pytest.raises(UsageProblem, match="no column 'quewe'") as caught:
        own(FRAME, text="body", label="quewe")
    assert caught.value.hint == "did you mean 'queue'? its columns: 'body', 'queue', 'more'"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": FRAME, "text": "body"}, "data need their columns"),
        ({"data": FRAME, "text": "body", "image": "body", "label": "queue"}, "data need their columns"),
        ({"text": "body", "label": "queue"}, "are columns of data"),
        ({"data": FRAME, "images": "folder"}, "two sets of data"),
        ({"data": "photos.csv", "image": "a", "label": "b"}, "holds no images"),
        ({"data": iter([1]), "text": "a", "label": "b"}, "no columns that can be read twice"),
        ({"data": {"t": [{"a": 1}], "l": ["x"]}, "text": "t", "label": "l"}, "row 1: a cell is a dict"),
    ],
)
def test_what_does_not_go_together_is_told(own, arguments, message):
    with pytest.raises(UsageProblem, match=message):
        own(**arguments)


def test_a_path_is_taken_as_it_is(own):
    assert own("t.csv", text="a", label="b") == OwnData("t.csv", "a", "b")
    assert own(images=Path("photos")) == OwnData("photos")
    assert own() is None


def picture(shade):
    return np.full((4, 6, 3), shade, dtype=np.uint8)


def test_images_in_memory_come_back_as_the_same_pixels(own, home):
    cells = [picture(shade) for shade in range(20)]
    mixed = [Image.fromarray(cell) if index % 2 else cell for index, cell in enumerate(cells)]
    labels = ["dark" if shade < 10 else "light" for shade in range(20)]
    brought = bring(own({"image": mixed, "label": labels}, image="image", label="label"), home)
    data = load_task(brought.task, {"data": brought.path})
    assert data.labels == ("dark", "light")
    read = [*data.development.samples.images, *data.test.samples.images]
    assert sorted(int(image[0, 0, 0]) for image in read) == list(range(20))
    assert {image.shape for image in read} == {(4, 6, 3)}


def test_two_columns_of_one_name_are_told(own):
    twice = pd.DataFrame([["a", "b", "c"]], columns=["t", "t", "l"])
    with pytest.raises(UsageProblem, match="2 columns are called 't'"):
        own(twice, text="t", label="l")
    assert rows_of(own(twice.rename(columns={"l": "x"}).assign(y="d"), text="x", label="y")) == [
        {"x": "c", "y": "d"}
    ]


def test_a_kept_file_that_was_changed_is_written_anew(own):
    path = Path(own(FRAME, text="body", label="queue").source)
    good = path.read_bytes()
    path.write_bytes(good.replace(b"a b", b"a c"))
    assert own(FRAME, text="body", label="queue").source == str(path)
    assert path.read_bytes() == good
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("label", ["None", ".DS_Store", "._a", "~", "a\nb"])
def test_a_label_that_only_looks_like_none_keeps_its_images(own, label):
    made = own({"i": [picture(1), picture(2)], "l": [label, "b"]}, image="i", label="l")
    read = read_images(Path(made.source), data_file("image-tar"), where="kept")
    assert read.labels == (label, "b")


@pytest.mark.parametrize(
    ("cell", "label", "message"),
    [
        (picture(1), "a/b", "row 1: a label of images is the name of a folder"),
        (picture(1), "a\0b", r"row 1: a label of images is the name of a folder, and 'a\\x00b' is none"),
        (picture(1), None, "row 1: there is no label"),
        (picture(1), float("nan"), "row 1: there is no label"),
        (picture(1), "__MACOSX", "row 1: the label '__MACOSX' is a folder of file managers"),
        (
            picture(1),
            ".ipynb_checkpoints",
            "row 1: the label '.ipynb_checkpoints' is a folder of file managers",
        ),
        (picture(1).astype(float), "a", "row 1: not an image"),
        (b"no picture", "a", "row 1: not an image"),
    ],
)
def test_what_is_no_labelled_image_is_told_by_its_row(own, cell, label, message):
    with pytest.raises(UsageProblem, match=message):
        own({"i": [cell], "l": [label]}, image="i", label="l")


def test_a_photo_stands_as_the_camera_was_held(own, home):
    upright = Image.fromarray(np.arange(72, dtype=np.uint8).reshape(4, 6, 3))
    photo = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    upright.save(photo, format="JPEG", exif=exif)
    cells = [photo.getvalue(), Image.open(photo)]
    made = own({"i": cells, "l": ["a", "b"]}, image="i", label="l")
    with tarfile.open(made.source) as archive:
        pictures = [Image.open(archive.extractfile(member)) for member in archive]
        assert {picture.size for picture in pictures} == {(4, 6)}

"""`import hub` in a notebook does what the commands do, and its results show themselves."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import hub
from evaluators.errors import UsageProblem

ROOT = Path(__file__).parents[3]


@pytest.fixture
def here(monkeypatch, tmp_path):
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HUB_CATALOG", str(ROOT / "catalog"))
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "HUB_RESULTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_public_name_can_be_completed_and_used():
    for name in hub.__all__:
        assert name in dir(hub)
        assert callable(getattr(hub, name))
    with pytest.raises(AttributeError, match="no attribute 'promote_all'"):
        _ = hub.promote_all


def test_models_are_listed_as_asked_and_become_a_frame(here):
    small = hub.list(task="image-classification", use="commercial", max_params="1M")
    assert [row.model for row in small] == ["glyph-resnet", "glyph-resnet-plain"]
    frame = small.to_pandas()
    assert list(frame["model"]) == ["glyph-resnet", "glyph-resnet-plain"]
    assert "no approvals known here" in repr(small)
    assert "<td" in small._repr_html_()


def test_one_thing_is_shown_and_a_wrong_name_says_the_nearest(here):
    assert "Apache-2.0" in repr(hub.show("all-minilm-l6-v2"))
    assert hub.show("linear-probe").facts.value["trains"]
    with pytest.raises(UsageProblem, match="nothing is called") as caught:
        hub.show("glyph-resnett")
    assert "glyph-resnet" in caught.value.__notes__[0]  # a traceback in a notebook ends with it


def shades() -> dict[str, list]:
    """Two classes of pictures that features tell apart: dark ones on light ground, and the reverse."""
    draw = np.random.default_rng(0)
    images, labels = [], []
    for index in range(80):
        image = draw.integers(0, 40, size=(16, 16, 3), dtype=np.uint8)
        image[4:12, 4:12] += np.uint8(150)
        images.append(image if index % 2 else np.asarray(255 - image, dtype=np.uint8))
        labels.append("bright" if index % 2 else "dark")
    return {"image": images, "label": labels}


@pytest.mark.slow
def test_own_data_in_memory_are_recommended_on_adapted_to_and_evaluated(here):
    data = {"data": shades(), "image": "image", "label": "label"}
    answer = hub.recommend("glyph-resnet", **data)
    assert answer.page.lead in repr(answer)
    assert set(answer.to_pandas().columns) >= {"model", "strategy", "value", "low", "high"}
    made = hub.adapt("glyph-resnet", here / "shades", strategy="linear-probe", **data)
    assert made.predict(shades()["image"][:2]) == ["dark", "bright"]
    assert made.to_pandas()["trained_on"].item() == 80
    loaded = hub.load_adapted(here / "shades")
    assert repr(loaded).startswith("AdaptedModel(shades: linear-probe on glyph-resnet, 2 labels, accuracy ")
    dark = shades()["image"][0]
    Image.fromarray(dark).save(here / "dark.png")
    many_forms = [
        dark,
        Image.fromarray(dark),
        here / "dark.png",
        str(here / "dark.png"),
        (here / "dark.png").read_bytes(),
    ]
    grey = [dark[:, :, 0], dark[:, :, :1]]
    assert loaded.predict([*many_forms, *grey]) == ["dark"] * 7
    assert loaded.predict(str(here / "dark.png")) == ["dark"]
    with pytest.raises(UsageProblem, match=r"nowhere\.png cannot be read"):
        loaded.predict(["nowhere.png"])
    found = hub.evaluate("glyph-resnet", strategies="linear-probe", protocol="screen", log=False, **data)
    assert not found.approved  # a personal task promotes nothing
    frame = found.to_pandas()
    assert set(frame["strategy"]) >= {"linear-probe", "majority", "pixels-logreg"}
    assert frame[frame["strategy"] == "linear-probe"]["value"].max() > 0.9
    html = found._repr_html_()
    assert "data:image/png;base64," in html
    assert "glyph-resnet" in html


def test_pulling_without_a_lock_says_what_to_do(here):
    with pytest.raises(UsageProblem, match=r"no hub\.lock") as caught:
        hub.pull()
    assert "hub pull NAME" in caught.value.__notes__[0]


def test_a_frame_with_a_misspelt_column_costs_nothing(here):
    frame = pd.DataFrame({"body": ["a"], "queue": ["b"]})
    with pytest.raises(UsageProblem, match="no column 'bodi'"):
        hub.evaluate("all-minilm-l6-v2", data=frame, text="bodi", label="queue")
    assert not (here / "home" / "results").exists()

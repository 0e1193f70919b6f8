"""An adapted model: the exact base, what was trained, and a lineage that every byte is compared with."""

import datetime as dt
import json
import stat
from dataclasses import replace

import numpy as np
import pytest

from evaluators.data.locations import facts_of
from evaluators.data.task_data import load_task
from evaluators.engine.adaptation import Adaptation
from evaluators.errors import Conflict, IntegrityError, UsageProblem
from evaluators.metrics.classification import accuracy, macro_f1
from evaluators.personal_task import OwnData, personal_task
from evaluators.strategy import strategy
from evaluators.wording import percent, score
from hub.adapted.lineage import LINEAGE
from hub.adapted.model import load_adapted, read_adapted
from hub.adapted.training import AdaptRequest, adapt
from hub.blobs import BlobStore
from hub.home import Home
from tests.evaluators.engine.worlds import make_worlds

NOW = dt.datetime(2026, 11, 21, 10, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_worlds(tmp_path_factory.mktemp("worlds"))["text"]


@pytest.fixture
def store(world, tmp_path):
    made = BlobStore(Home(tmp_path / "home").ready())
    for entry in world.candidate.files:
        made.write([(world.folder / entry.path).read_bytes()], entry)
    return made


@pytest.fixture
def request_for(world, tmp_path):
    path = tmp_path / "toys.csv"
    texts = zip(world.train.samples.texts, world.train.labels.tolist(), strict=True)
    path.write_text("body,queue\n" + "".join(f"{text},label {label}\n" for text, label in texts))
    task = personal_task(OwnData(str(path), "body", "queue"), path, facts_of(path))
    data = load_task(task, {"data": path})

    def build(name, into="router", **changes):
        row = strategy(name)
        few = {"max_steps": 6, "min_steps": 6} if "epochs" in row.defaults else {}
        settings = {**row.defaults_for("text"), **few}
        adaptation = Adaptation(world.candidate, world.folder, row, settings, data.labels)
        values = {
            "adaptation": adaptation, "base_record": None, "task": task, "data": data,
            "everything": data.development, "seed": 0, "into": tmp_path / into,
        }  # fmt: skip
        return AdaptRequest(**{**values, **changes})

    return build


def silent(_what):
    return lambda _done, _total: None


@pytest.mark.parametrize("name", ["knn", "linear-probe", "lora", "full-finetune"])
def test_it_predicts_the_same_bits_after_a_reload(world, store, request_for, name):
    request = request_for(name)
    made = adapt(request, store, silent, now=NOW)
    trained = request.adaptation.fit(request.everything, seed=0, progress=lambda _done, _total: None)
    loaded = load_adapted(request.into)
    texts = list(world.test.samples.texts)
    expected = request.adaptation.predict(trained, world.test.samples)
    np.testing.assert_array_equal(loaded.predict_proba(texts), expected)
    assert loaded.predict(texts)[0] in made.labels
    assert made.trained_on == len(request.everything) > made.score.trained_on
    assert made.score.estimate.low < made.score.estimate.value <= made.score.estimate.high


def test_it_is_scored_in_the_metric_of_the_task_and_the_recipe_in_accuracy(store, request_for):
    request = request_for("knn")
    task = request.task.model_copy(update={"metric": "macro_f1"})
    made = adapt(replace(request, task=task), store, silent, now=NOW)
    held_out = request.data.validation
    fitted = request.adaptation.fit(request.data.train, seed=0, progress=lambda _done, _total: None)
    guessed = request.adaptation.predict(fitted, held_out.samples)
    assert made.score.metric == "macro_f1"
    assert made.score.estimate.value == pytest.approx(macro_f1(held_out.labels, guessed))
    assert made.score.estimate.low <= made.score.estimate.value <= made.score.estimate.high
    assert made.score.accuracy.value == pytest.approx(accuracy(held_out.labels, guessed))
    assert made.score.accuracy.value != made.score.estimate.value
    assert read_adapted(request.into) == made
    card, recipe = ((request.into / name).read_text() for name in ("README.md", "recipe.py"))
    assert f"**{score(made.score.estimate)} macro F1**" in card
    assert f"rows\n({percent(made.score.accuracy.value)} here)" in card
    assert f"(accuracy {made.score.accuracy.value:.4f}, n={made.score.estimate.n})" in recipe


def test_a_lineage_in_accuracy_is_what_version_0_1_0_reads(store, request_for):
    request = request_for("knn")
    made = adapt(request, store, silent, now=NOW)
    written = json.loads((request.into / LINEAGE).read_text())
    assert "chosen_by" not in written
    assert set(written["score"]) == {"metric", "estimate", "trained_on"}
    assert made.score.accuracy == made.score.estimate


def test_a_strategy_that_auto_chose_is_said_beside_its_score(store, request_for):
    request = request_for("knn")
    made = adapt(replace(request, chosen_by_auto=True), store, silent, now=NOW)
    assert read_adapted(request.into).chosen_by == "auto"
    said = "`auto` chose the strategy on the same held-out samples: the score is optimistic by that choice."
    assert made.caveat == said
    assert f"was not measured.\n{said}" in (request.into / "README.md").read_text()


def test_a_text_alone_is_one_input_and_everybody_may_read_the_folder(store, request_for):
    request = request_for("linear-probe")
    adapt(request, store, silent, now=NOW)
    assert len(load_adapted(request.into).predict("the train was about money")) == 1
    for name in ("fit.json", "fit.safetensors", "README.md"):
        assert stat.S_IMODE((request.into / name).stat().st_mode) == 0o644


def test_the_same_seed_gives_the_same_files(store, request_for):
    one = adapt(request_for("linear-probe", "one"), store, silent, now=NOW)
    two = adapt(request_for("linear-probe", "two"), store, silent, now=NOW)
    assert one.files == two.files


def test_lineage_and_card_say_where_it_comes_from(world, store, request_for):
    request = request_for("linear-probe", base_record="a" * 64)
    made = adapt(request, store, silent, now=NOW)
    assert read_adapted(request.into) == made
    assert made.lineage == f"{world.candidate.name}@{world.candidate.digest}"
    card = (request.into / "README.md").read_text()
    assert "approved (record `aaaaaaaaaaaa`)" in card
    assert f"on {made.score.estimate.n} samples held out" in card


def flip(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    "file", ["fit.safetensors", "fit.json", "base/model.safetensors", "base/config.json"]
)
@pytest.mark.parametrize("change", ["flip", "remove"])
def test_nothing_is_loaded_that_differs_from_the_lineage(store, request_for, file, change):
    request = request_for("linear-probe")
    adapt(request, store, silent, now=NOW)
    path = request.into / file
    copy = path.read_bytes()
    path.unlink()
    if change == "flip":
        path.write_bytes(copy)  # no hard link any more: the store keeps its own bytes
        flip(path)
    with pytest.raises(IntegrityError, match="is not what `hub adapt` wrote"):
        load_adapted(request.into)


@pytest.mark.parametrize(
    ("trained", "claimed", "words"),
    [
        (
            "lora",
            {"strategy": "linear-probe", "strategy_version": 1},
            "linear-probe trains 'probe', and fit.json holds 'adapter'",
        ),
        ("lora", {"settings": {"rank": 2}}, "does not fit this network: .*lora_A"),
        ("lora", {"dtype": "bfloat16"}, "it was trained in bfloat16, and in float32 by fit.json"),
        ("knn", {"strategy": "linear-probe"}, "fit.json holds 'neighbours'"),
        ("knn", {"settings": {"k": 1}}, "k is 1, and "),
        ("linear-probe", {"settings": {"C": 7.0}}, "C is 7.0, and "),
        ("linear-probe", {"strategy_version": 99}, "trained by version 99 of linear-probe"),
    ],
)
def test_a_lineage_that_does_not_fit_what_was_trained_is_refused(store, request_for, trained, claimed, words):
    request = request_for(trained)
    made = adapt(request, store, silent, now=NOW)
    if "settings" in claimed:
        claimed = {"settings": {**made.settings, **claimed["settings"]}}
    (request.into / LINEAGE).write_text(made.model_copy(update=claimed).model_dump_json())
    with pytest.raises(IntegrityError, match=words) as caught:
        load_adapted(request.into)
    assert caught.value.hint


def test_a_lineage_of_another_version_is_told(store, request_for):
    request = request_for("linear-probe")
    adapt(request, store, silent, now=NOW)
    path = request.into / LINEAGE
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 2'))
    with pytest.raises(IntegrityError, match="another version"):
        load_adapted(request.into)


def test_nobodys_folder_is_replaced_and_an_earlier_one_is(store, request_for):
    request = request_for("linear-probe")
    request.into.mkdir()
    (request.into / "notes.txt").write_text("mine")
    with pytest.raises(Conflict, match="left as it is"):
        adapt(request, store, silent, now=NOW)
    assert (request.into / "notes.txt").read_text() == "mine"
    other = request_for("linear-probe", "other")
    adapt(other, store, silent, now=NOW)
    again = adapt(replace(other, seed=1), store, silent, now=NOW)
    assert read_adapted(other.into).seed == again.seed == 1


def test_a_training_that_diverges_is_told_and_leaves_nothing(store, request_for):
    request = request_for("full-finetune")
    broken = replace(request.adaptation, settings={**request.adaptation.settings, "learning_rate": 1e30})
    with pytest.raises(UsageProblem, match="diverged on these labels"):
        adapt(replace(request, adaptation=broken), store, silent, now=NOW)
    assert not request.into.exists()


def test_a_folder_that_is_none_is_told_how_to_make_one(tmp_path):
    with pytest.raises(UsageProblem) as caught:
        load_adapted(tmp_path)
    assert "hub adapt MODEL" in (caught.value.hint or "")

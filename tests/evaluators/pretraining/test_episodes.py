"""The language model's recipe writes what it says, its training learns, and the committed base learns in context.

A change of a recipe's number, of a word or of a sentence makes the committed weights another base than the recipe's, so
they are pinned here: whoever changes one trains the other again.
"""

from dataclasses import asdict, replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoTokenizer

from evaluators.backbones.causal import load_causal
from evaluators.data.samples import text_samples
from evaluators.engine.fit import fit
from evaluators.engine.job import FitJob, Inputs
from evaluators.pretraining.episode_batches import batches
from evaluators.pretraining.episode_recipe import RECIPE, Stage
from evaluators.pretraining.episodes import AFTER, BETWEEN, Pages
from evaluators.pretraining.topics import HELD_OUT, TOPICS, TRAINED
from evaluators.pretraining.train_episodes import main, new_model, new_tokenizer, save_base, train
from evaluators.strategy import strategy
from tests.evaluators.engine.worlds import silent

BASE = Path(__file__).parents[3] / "catalog" / "data" / "episode-llama"
SMALL = replace(
    RECIPE, vocabulary=600, width=32, layers=2, heads=2, inner=48, warmup=5,
    styles=(("named", 1.0),), stages=(Stage(steps=40, pages=8, lines=4, classes=(2, 2), longest=0),),
)  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def pages(topics=TRAINED, seed="test"):
    return Pages(topics, Random(seed))


def test_the_words_are_the_released_ones():
    assert len(TOPICS) == 78
    assert len(HELD_OUT) == 13
    assert not set(HELD_OUT) & set(TRAINED)
    text = (files("evaluators.pretraining") / "topics.txt").read_bytes()
    assert sha256(text).hexdigest() == "fe4ffa44bb839f0c14e95950cde043bd4839a17eef9956491066a606d848bf0b"


def test_the_recipe_has_the_released_numbers():
    numbers = {name: value for name, value in asdict(RECIPE).items() if name not in ("stages", "styles")}
    assert numbers == {
        "seed": 0, "vocabulary": 3000, "width": 128, "layers": 3, "heads": 4, "inner": 256, "text_weight": 0.1,
        "text_share": 0.15, "max_lr": 3e-3, "muon_lr": 0.02, "weight_decay": 0.05, "warmup": 30, "threads": 1,
    }  # fmt: skip
    assert [(stage.steps, stage.pages, stage.lines) for stage in RECIPE.stages] == [
        (700, 32, 8), (400, 16, 12), (200, 8, 18),
    ]  # fmt: skip


@pytest.mark.parametrize("style", ["named", "renamed", "invented", "keyword"])
def test_one_seed_writes_one_page(style):
    first, again, other = (
        pages(seed=seed).page(style, lines=6, classes=3, longest=2) for seed in ("a", "a", "b")
    )
    assert first == again != other


def test_a_label_that_only_the_lines_above_tell_is_unknown_where_it_first_stands():
    page = pages().page("renamed", lines=30, classes=4, longest=1)
    above = set()
    for line in page:
        assert line.known is (line.label in above)
        above.add(line.label)


def test_a_renamed_topic_is_called_by_a_word_of_another():
    source = pages()
    for _ in range(50):
        kinds, labels = source._task("renamed", 5)
        others = [topic for topic in TRAINED if topic not in kinds]
        assert set(labels) <= {word for topic in others for word in (*topic.things, *topic.names)}
        assert len({kind.names for kind in kinds}) == 5


def test_a_keyword_stands_in_its_text():
    assert all(
        line.label in line.text.split() for line in pages().page("keyword", lines=20, classes=4, longest=2)
    )


def test_the_tokenizer_reads_words_whatever_their_case_and_place():
    tokenizer = new_tokenizer(SMALL)
    ids = tokenizer("Garden garden,  GARDEN\n")["input_ids"]
    garden = tokenizer("garden")["input_ids"]
    assert ids[: len(garden)] == garden == ids[len(garden) : 2 * len(garden)]
    asked, answer = tokenizer("a lawn" + BETWEEN)["input_ids"], tokenizer("garden" + AFTER)["input_ids"]
    assert tokenizer("a lawn" + BETWEEN + " garden" + AFTER)["input_ids"] == asked + answer


def test_labels_are_predicted_and_of_texts_only_a_share():
    batch = next(batches(SMALL, SMALL.stages[0], new_tokenizer(SMALL), pages()))
    assert batch.ids.shape == batch.targets.shape == batch.weights.shape
    assert (batch.targets[batch.named] > 0).all()
    assert 0 < float((batch.weights == 1).float().sum()) < float((batch.ids > 0).sum())
    assert batch.weights.unique().tolist() == pytest.approx([0.0, 0.1, 1.0])


def test_training_lowers_the_loss_and_one_seed_gives_one_model(tmp_path):
    tokenizer, digests = new_tokenizer(SMALL), []
    for number in range(2):
        model = new_model(SMALL)
        reports = list(train(model, tokenizer, SMALL, every=20))
        assert [report.step for report in reports] == [20, 40]
        assert reports[1].loss < reports[0].loss - 0.5
        save_base(model, tokenizer, tmp_path / str(number))
        digests.append(sha256((tmp_path / str(number) / "model.safetensors").read_bytes()).hexdigest())
    assert digests[0] == digests[1]
    assert load_causal(tmp_path / "0").context == 1024


def test_the_command_says_what_it_needs(capsys):
    with pytest.raises(SystemExit):
        main([])
    assert "--into" in capsys.readouterr().err


def test_the_committed_base_is_the_recipes():
    config = AutoConfig.from_pretrained(BASE, local_files_only=True)
    assert (config.vocab_size, config.hidden_size, config.num_hidden_layers) == (3000, 128, 3)
    released, made = AutoTokenizer.from_pretrained(BASE, local_files_only=True), new_tokenizer(RECIPE)
    assert released.get_vocab() == made.get_vocab()
    assert (BASE / "model.safetensors").stat().st_size < 2_000_000
    assert not [path for path in BASE.iterdir() if path.suffix in (".bin", ".pt", ".py")]


@pytest.mark.parametrize(("topics", "least"), [(TRAINED, 0.6), (HELD_OUT, 0.27)], ids=["known", "held-out"])
def test_the_committed_base_learns_from_the_prompt_what_its_labels_mean(topics, least):
    """Topics are called by words of others, so without the examples nothing tells which is which: 0.25 by chance."""
    model, row = load_causal(BASE), strategy("in-context-16")
    right = []
    for number in range(8):
        source = pages(topics, seed=f"held out {number}")
        kinds, names = source._task("renamed", 4)
        labels = np.tile(np.arange(4), 14)
        texts = [source._text(kinds[label], 1) for label in labels]
        job = FitJob(
            inputs=Inputs(samples=text_samples(texts[:16])), labels=labels[:16], classes=4, names=tuple(names),
            settings={**row.defaults_for("text"), "orders": 2}, seed=number, selection="fixed", load_backbone=None,
            device="cpu", dtype="float32", progress=silent, load_language_model=lambda: model,
        )  # fmt: skip
        found = fit(row, job).predict(Inputs(samples=text_samples(texts[16:])))
        right.append((found.argmax(axis=1) == labels[16:]).mean())
    assert np.mean(right) > least

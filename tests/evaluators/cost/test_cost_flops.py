"""FLOPs of a plan against torch's counter, on real lengths; lengths in a batch against the batches that are made."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from evaluators.candidate import TextInput
from evaluators.cost.flops import forward_flops
from evaluators.cost.lengths import padded_in_training, padded_when_read, token_lengths
from evaluators.cuts import cut_step
from evaluators.data.task_data import load_task
from evaluators.engine.batching import batches, length_sorted
from tests.counting import flop_counter
from tests.evaluators.cost.cost_world import digits, make_world, minilm_like, real_texts, small_resnet
from tests.evaluators.toy_plans import toy_candidate


def silent(done, total):
    pass


FREEZES = ("partial-freeze", "partial-freeze-quarter", "partial-freeze-last")


@contextmanager
def counting():
    """Count FLOPs, those of attention too: torch's counter knows nothing of the fused attention of a CPU."""
    with sdpa_kernel(SDPBackend.MATH), flop_counter() as counter:
        yield counter


@pytest.fixture(scope="module")
def texts(tmp_path_factory, hub_data):
    folder = tmp_path_factory.mktemp("texts")
    task, files = real_texts(hub_data, folder)
    data = load_task(task, files)
    candidate = minilm_like(folder / "model", data)
    rows = ("linear-probe", "full-finetune", "lora", "partial-freeze", "setfit")
    return make_world(candidate, folder / "model", task, data, rows)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    task, files = digits(folder)
    rows = ("linear-probe", "full-finetune")
    return make_world(small_resnet(folder / "model"), folder / "model", task, load_task(task, files), rows)


def encoded(world):
    """Return (estimated, counted) FLOPs of encoding what the plan demands."""
    ((trunk, work),) = world.workload.encodings.items()
    with counting() as counter:
        world.computation.encode(trunk, silent)
    return work.flops, counter.get_total_flops()


def fitted(world, row):
    """Return (estimated, counted) FLOPs of training and predicting with a strategy."""
    ((places, work),) = [(p, w) for p, w in world.workload.fits.items() if w.strategy == row]
    with counting() as counter:
        world.computation.measure([world.plan.cells[index] for index in places], silent)
    return work.flops, counter.get_total_flops()


def test_encoding_real_texts_costs_what_torch_counts(texts):
    estimated, counted = encoded(texts)
    assert estimated == pytest.approx(counted, rel=0.01)


@pytest.mark.parametrize("row", ["full-finetune", "lora", "partial-freeze", "setfit"])
def test_training_on_real_texts_costs_what_torch_counts(texts, row, tmp_path):
    # A plan of its own: the first network over a base has the bare one asked too.
    request = texts.plan.request
    data = texts.data[request.tasks[0].id]
    base, task = request.candidates[0].candidate, request.tasks[0]
    estimated, counted = fitted(make_world(base, texts.folder, task, data, (row,), store=tmp_path), row)
    assert estimated == pytest.approx(counted, rel=0.1)


def test_partial_freezes_that_share_states_cost_what_torch_counts(tmp_path, hub_data):
    task, files = real_texts(hub_data, tmp_path)
    data = load_task(task, files)
    world = make_world(
        minilm_like(tmp_path / "model", data), tmp_path / "model", task, data, FREEZES, labels=(8, 24)
    )
    workload, computation = world.workload, world.computation
    with counting() as counter:
        for places in workload.fits:
            computation.measure([world.plan.cells[index] for index in places], silent)
    estimated = sum(work.flops for work in workload.fits.values())
    assert estimated == pytest.approx(counter.get_total_flops(), rel=0.1)
    assert sum(work.flops for work in workload.unshared) > 1.2 * estimated
    (demand,) = workload.states.values()
    assert computation.boundaries.layer_forwards == demand.layer_forwards < demand.layer_forwards_alone / 3


def test_encoding_images_costs_what_torch_counts(images):
    estimated, counted = encoded(images)
    assert estimated == pytest.approx(counted, rel=0.01)


def test_training_a_convolutional_network_costs_what_torch_counts(images):
    estimated, counted = fitted(images, "full-finetune")
    assert estimated == pytest.approx(counted, rel=0.05)


def test_attention_grows_with_the_square_of_the_length(texts):
    candidate = texts.plan.request.candidates[0].candidate
    once, twice = (forward_flops(candidate, np.array([float(n)])) for n in (128, 256))
    structure = candidate.structure
    assert twice - 2 * once == pytest.approx(2 * 4 * structure.blocks * structure.width * 128**2)


def test_a_text_is_as_long_as_its_tokenizer_says(texts):
    accepts = TextInput(max_tokens=8, pooling="mean")
    assert token_lengths(["a card", "a card " * 9], accepts, texts.folder).tolist() == [4.0, 8.0]
    without = token_lengths(["two words", ""], accepts, None)
    assert without.tolist() == pytest.approx([4.6, 2.0])


def test_without_a_tokenizer_that_can_be_read_words_are_counted(tmp_path):
    (tmp_path / "tokenizer.json").write_text('{"version": "9.0", "model": {"type": "of a later version"}}')
    lengths = token_lengths(["two words"], TextInput(max_tokens=8, pooling="mean"), tmp_path)
    assert lengths.tolist() == pytest.approx([4.6])


@pytest.mark.parametrize("samples", [40, 130, 700])
def test_batches_that_are_read_are_as_long_as_estimated(samples):
    lengths = np.random.default_rng(1).integers(3, 300, samples)
    exact = np.empty(samples)
    for indices in length_sorted(lengths.tolist()):
        exact[indices] = max(lengths[indices])
    estimated = padded_when_read(lengths.astype(float), samples)
    assert sorted(estimated) == sorted(exact)


def test_batches_of_training_are_as_long_as_estimated():
    lengths = np.random.default_rng(2).integers(3, 100, 64)
    order = batches(lengths.tolist(), 16, torch.Generator().manual_seed(0))
    padded = [len(batch) * max(lengths[batch]) for batch in (next(order) for _ in range(200))]
    estimated = padded_in_training(lengths.astype(float), 64, 16).mean()
    assert estimated == pytest.approx(sum(padded) / (200 * 16), rel=0.05)


@pytest.mark.parametrize("width", [None, 384])
def test_steps_of_cells_side_by_side_are_as_long_as_estimated(width):
    lengths = np.random.default_rng(2).integers(3, 60, (8, 64))
    orders = [
        batches(own.tolist(), 8, torch.Generator().manual_seed(seed)) for seed, own in enumerate(lengths)
    ]
    tokens = 0
    for _ in range(80):
        step = np.array([own[next(order)] for own, order in zip(lengths, orders, strict=True)], dtype=float)
        longest = np.sort(step, axis=1)[:, ::-1].max(axis=0)
        sizes = [8] if width is None else cut_step(step, width)
        tokens += sum(8 * size * longest[sum(sizes[:part])] for part, size in enumerate(sizes))
    pool = lengths.flatten().astype(float)
    estimated = padded_in_training(pool, 64, 8, cells=8, cut_at_width=width).mean()
    assert estimated == pytest.approx(tokens / (80 * 64), rel=0.05)


def test_a_structure_whose_attention_is_more_than_all_of_it_has_no_negative_cost():
    candidate = toy_candidate()
    assert forward_flops(candidate, np.array([1.0])) > 0

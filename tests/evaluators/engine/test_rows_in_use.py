"""Training only the rows of an embedding table that are read is training the whole table."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch

from evaluators.engine import training
from evaluators.engine.classifier import network_state
from evaluators.engine.fit import fit
from evaluators.engine.rows_in_use import only_rows_in_use
from evaluators.strategy import strategy

ROW = "trunk.embeddings.word_embeddings.weight"


@contextmanager
def whole_table(backbone, prepared, unread_decay):
    yield 0


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("full-finetune", {"weight_decay": 0.5}),
        ("from-scratch", {"weight_decay": 0.5}),
        ("layer-decay", {"weight_decay": 0.5}),
        ("gradual-unfreezing", {"weight_decay": 0.5}),
        ("l2-sp", {"alpha": 1.0}),
    ],
)
def test_the_fit_is_the_one_that_passes_over_the_whole_table(worlds, monkeypatch, name, changes):
    job = worlds["text"].job(strategy(name), **changes)
    cut = fit(strategy(name), job)
    monkeypatch.setattr(training, "only_rows_in_use", whole_table)
    whole = fit(strategy(name), job)
    assert cut.trained_parameters == whole.trained_parameters
    ours, theirs = network_state(cut.network), network_state(whole.network)
    assert ours.keys() == theirs.keys()
    for tensor, value in ours.items():
        np.testing.assert_allclose(value.detach(), theirs[tensor].detach(), atol=1e-6, err_msg=tensor)


def test_a_row_that_is_never_read_only_decays(worlds):
    row = strategy("full-finetune")
    before = network_state_of(worlds["text"].backbone())
    after = network_state(fit(row, worlds["text"].job(row, weight_decay=0.5)).network)[ROW].detach()
    backbone = worlds["text"].backbone()
    _, rows = backbone.rows_read(backbone.prepare(worlds["text"].train.samples))
    unread = [index for index in range(len(after)) if index not in rows.tolist()]
    shares = after[unread] / before[unread]
    assert unread
    assert 0.9 < float(shares.mean()) < 1.0
    assert float(shares.max() - shares.min()) < 1e-5


def network_state_of(backbone):
    return backbone.module.state_dict()[ROW.removeprefix("trunk.")].clone()


def test_a_failure_inside_leaves_the_backbone_whole(worlds):
    backbone = worlds["text"].backbone()
    table = backbone.module.get_input_embeddings()
    with pytest.raises(IndexError), only_rows_in_use(backbone, [[5, 6]], []):
        backbone.module.get_input_embeddings()(torch.tensor([7]))  # a row that was not announced
    assert backbone.module.get_input_embeddings() is table


@pytest.mark.parametrize("change", ["frozen", "shared", "max_norm"])
def test_a_table_that_cannot_be_cut_is_trained_whole(worlds, change):
    backbone = worlds["text"].backbone()
    table = backbone.module.get_input_embeddings()
    if change == "frozen":
        table.requires_grad_(False)
    elif change == "shared":
        backbone.module.add_module(
            "tied", torch.nn.Linear(table.embedding_dim, table.num_embeddings, bias=False)
        )
        backbone.module.tied.weight = table.weight
    else:
        table.max_norm = 1.0
    prepared = backbone.prepare(worlds["text"].train.samples)
    with only_rows_in_use(backbone, prepared, []) as left_out:
        assert left_out == 0
        assert backbone.module.get_input_embeddings() is table


def test_images_have_no_table(worlds):
    backbone = worlds["image"].backbone()
    with only_rows_in_use(backbone, backbone.prepare(worlds["image"].train.samples), []) as left_out:
        assert left_out == 0

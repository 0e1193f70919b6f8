"""Every row of the table of strategies keeps one contract, on text and on images."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from evaluators.engine.classifier import network_state
from evaluators.engine.fit import fit
from evaluators.engine.records import read_facts
from evaluators.strategy import strategy
from tests.evaluators.engine.frozen_parts import FROZEN, SEEDED, UNTRAINED
from tests.evaluators.engine.worlds import CASE_IDS, CASES

ROOT = Path(__file__).resolve().parents[3]
TRAINS_TRUNK = [case for case in CASES if "epochs" in case[0].defaults]
TRAINS_TRUNK_IDS = [f"{row.id}-{modality}" for row, modality in TRAINS_TRUNK]
contract = pytest.mark.parametrize(("row", "modality"), CASES, ids=CASE_IDS)
trunk_contract = pytest.mark.parametrize(("row", "modality"), TRAINS_TRUNK, ids=TRAINS_TRUNK_IDS)


@contract
def test_learns_a_separable_set(fits, row, modality):
    probabilities = fits.fit(row, modality).predict(fits.test_inputs(row, modality))
    accuracy = (probabilities.argmax(axis=1) == fits.world(row, modality).test.labels).mean()
    assert accuracy == pytest.approx(1 / 3) if row.id == "majority" else accuracy > 0.55


@contract
def test_probabilities_are_float32_and_sum_to_one(fits, row, modality):
    probabilities = fits.fit(row, modality).predict(fits.test_inputs(row, modality))
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (60, 3)
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-6)


@contract
def test_same_seed_same_bits_and_other_seed_other_bits(fits, row, modality):
    inputs = fits.test_inputs(row, modality)
    first, again, other = (
        fits.fit(row, modality, seed=seed, repeat=repeat).predict(inputs)
        for seed, repeat in ((0, 0), (0, 1), (1, 0))
    )
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) is ("epochs" not in row.defaults and row.id not in SEEDED)


@contract
def test_global_generators_are_left_alone(fits, row, modality):
    torch.manual_seed(5)
    np.random.seed(5)
    before, legacy = torch.get_rng_state(), np.random.get_state()[1].copy()
    fit(row, fits.world(row, modality).job(row, **({"max_steps": 1} if "epochs" in row.defaults else {})))
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], legacy)


@trunk_contract
def test_trains_what_it_says_and_nothing_else(fits, row, modality):
    fresh = dict(fits.world(row, modality).backbone().module.state_dict())
    state = network_state(fits.fit(row, modality).network)
    changed = {
        name
        for name, value in fresh.items()
        if not torch.equal(value, state.get(f"trunk.{name}", state.get(f"trunk.{_base(name)}")))
    }
    frozen = FROZEN[row.id](modality, fresh) if row.id in FROZEN else set()
    assert not changed & frozen
    # BatchNorm counts its batches in whole numbers; every other tensor of a trained part moves.
    assert {name for name in set(fresh) - frozen if fresh[name].is_floating_point()} <= changed


def _base(name: str) -> str:
    """Return the name of a tensor inside an adapted layer."""
    parent, _, leaf = name.rpartition(".")
    return f"{parent}.base_layer.{leaf}"


@contract
def test_saves_what_was_trained_and_reports_how_much(fits, row, modality, tmp_path):
    fitted = fits.fit(row, modality)
    fitted.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fit.json", "fit.safetensors"]
    assert read_facts(tmp_path)[0] == row.kind
    with safe_open(tmp_path / "fit.safetensors", framework="np") as tensors:
        names = list(tensors.keys())
        sizes = {name: int(np.prod(tensors.get_slice(name).get_shape())) for name in names}
    buffers = ("running_mean", "running_var", "num_batches_tracked", "mean", "scale", "columns")
    learnt = sum(size for name, size in sizes.items() if not name.endswith(buffers))
    # Words have names of their own, and random features keep the trunk that nobody else has.
    if row.id not in UNTRAINED | {"tfidf-logreg", "random-features"}:
        assert fitted.trained_parameters == learnt
    assert (fitted.steps > 0) is (fitted.trained_parameters > 0) is (row.id not in UNTRAINED)


RELOAD = """
import json, sys
from pathlib import Path
import numpy as np
import torch
from evaluators.backbones.load import load_backbone, load_language_model
from evaluators.candidate import Candidate
from evaluators.engine.job import Inputs
from evaluators.engine.reload import load_fitted
from evaluators.strategy import strategy
from tests.fakes_models import toy_images, toy_texts

torch.set_num_threads(1)  # as here: the promise is about one thread count
DATA = {"text": toy_texts, "image": toy_images}
for case in json.loads(Path(sys.argv[1]).read_text()):
    folder = Path(case["folder"])
    candidate = Candidate.model_validate_json(case["candidate"])
    base = Path(case["base"])
    features = folder.parent / (folder.name + ".features.npy")
    inputs = Inputs(features=np.load(features)) if features.exists() else Inputs(
        samples=DATA[candidate.modality](20, seed=1).samples)
    fitted = load_fitted(
        strategy(case["row"]), folder, settings=case["settings"], classes=3,
        load_backbone=lambda pretrained: load_backbone(candidate, base, pretrained=pretrained, device="cpu"),
        load_language_model=lambda: load_language_model(candidate, base, device="cpu"),
    )
    np.save(folder.parent / (folder.name + ".npy"), fitted.predict(inputs))
    fitted.save(folder)
"""


def test_reloads_to_the_same_bits_in_a_fresh_process(fits, tmp_path):
    cases = []
    for (row, modality), name in zip(CASES, CASE_IDS, strict=True):
        folder, world = tmp_path / name, fits.world(row, modality)
        folder.mkdir()
        fits.fit(row, modality).save(folder)
        inputs = fits.test_inputs(row, modality)
        if inputs.features is not None:
            np.save(tmp_path / f"{name}.features.npy", inputs.features)
        cases.append(
            {
                "row": row.id,
                "folder": str(folder),
                "base": str(world.folder),
                "candidate": world.candidate.model_dump_json(),
                "settings": world.settings(row),
            }
        )
    saved = {name: _files(tmp_path / name) for name in CASE_IDS}
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    command = [sys.executable, "-c", RELOAD, str(tmp_path / "cases.json")]
    subprocess.run(command, check=True, cwd=ROOT)
    for (row, modality), name in zip(CASES, CASE_IDS, strict=True):
        expected = fits.fit(row, modality).predict(fits.test_inputs(row, modality))
        assert np.array_equal(np.load(tmp_path / f"{name}.npy"), expected), name
        assert _files(tmp_path / name) == saved[name], name


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_only_functions_of_ours_are_called(worlds):
    from dataclasses import replace

    foreign = replace(strategy("majority"), fit="os:getcwd")
    with pytest.raises(ValueError, match="not a function of ours"):
        fit(foreign, worlds["text"].job(strategy("majority")))

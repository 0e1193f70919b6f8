"""A real notebook in a real kernel: results show themselves, nothing litters, an error ends with its next step."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.slow

EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
book = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(book, timeout=300, allow_errors=True).execute()
nbformat.write(book, sys.argv[1])
"""

CELLS = (
    "import hub\nhub.list(everything=True)",
    "from sklearn.datasets import load_digits\n"
    "digits = load_digits(as_frame=False)\n"
    "images = [(image / 16 * 255).astype('uint8')[..., None].repeat(3, 2) for image in digits.images[:200]]\n"
    "frame = {'image': images, 'digit': digits.target[:200].tolist()}\n"
    "answer = hub.recommend('glyph-resnet', data=frame, image='image', label='digit')\nanswer",
    "answer.to_pandas()",
    "hub.evaluate('glyph-resnet', data=frame, image='image', label='digt')",
)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    if importlib.util.find_spec("nbclient") is None or importlib.util.find_spec("ipykernel") is None:
        pytest.skip("nbclient and ipykernel are not installed")
    folder = tmp_path_factory.mktemp("notebook")
    blank = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    cells = [{**blank, "id": f"cell-{index}", "source": source} for index, source in enumerate(CELLS)]
    book = folder / "book.ipynb"
    book.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    environment = {
        **os.environ, "HUB_HOME": str(folder / "home"), "HUB_CATALOG": str(ROOT / "catalog"), "PYTHONPATH": str(ROOT),
        "IPYTHONDIR": str(folder / "ipython"), "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
    }  # fmt: skip
    environment.pop("MLFLOW_TRACKING_URI", None)
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, str(book)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [cell["outputs"] for cell in json.loads(book.read_text())["cells"]]


def result(cell):
    (found,) = [output for output in cell if output["output_type"] == "execute_result"]
    return {kind: "".join(text) for kind, text in found["data"].items()}


def test_models_are_a_table(outputs):
    assert "<table>" in result(outputs[0])["text/html"]
    assert "all-minilm-l6-v2" in result(outputs[0])["text/plain"]


def test_a_recommendation_is_a_sentence_with_numbers_and_a_table(outputs):
    shown = result(outputs[1])
    assert "labels: " in shown["text/html"]
    assert "linear-probe" in shown["text/html"]
    assert "<td" in result(outputs[2])["text/html"]  # pandas' own


def test_what_is_told_meanwhile_holds_no_control_characters(outputs):
    told = "".join(
        "".join(output.get("text", "")) for cell in outputs for output in cell if output["output_type"] == "stream"
    )  # fmt: skip
    assert "\x1b" not in told
    assert "Traceback" not in told


def test_an_error_ends_with_the_next_step(outputs):
    (error,) = [output for output in outputs[3] if output["output_type"] == "error"]
    assert error["ename"] == "UsageProblem"
    assert "hint: did you mean 'digit'?" in "".join(error["traceback"])

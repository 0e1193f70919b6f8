"""`hub plan` warns where `hub evaluate` would stop: the test repeats its training data."""

import json
import shutil

import pytest
import yaml

from evaluators.canonical import digest_of_file
from tests.fakes_models import tiny_bert as loadable_bert
from tests.hub.cli.conftest import ROOT
from tests.hub.models import make_catalog

TRAIN = [(f"the {colour} thing {number}", colour) for number in range(12) for colour in ("red", "blue")]
TEST = [(f"a {colour} one {number}", colour) for number in range(4) for colour in ("red", "blue")]


@pytest.fixture
def leaky(tmp_path, monkeypatch, run_hub):
    """Return `hub COMMAND` on a model and task `colours`, whose test holds two texts of train."""
    catalog = tmp_path / "catalog"
    make_catalog(catalog)
    for folder in ("protocols", "policies"):
        shutil.copytree(ROOT / "catalog" / folder, catalog / folder)
    files = {}
    (catalog / "data").mkdir(exist_ok=True)
    for name, rows in (("train", TRAIN), ("test", TEST + TRAIN[:2])):
        path = catalog / "data" / f"{name}.csv"
        path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
        files[name] = {
            "sha256": digest_of_file(path), "size": path.stat().st_size, "mirrors": [f"catalog:data/{name}.csv"],
            "format": "csv", "text": "text", "label": "label",
        }  # fmt: skip
    task = {
        "schema": 1, "id": "colours", "title": "Colours", "description": "toy", "modality": "text", "owner": "tests",
        "licence": "CC0-1.0", "margin": 0.02, "sensitivity": "public", "metric": "accuracy", "files": files,
        "splits": {
            "train": {"file": "train"}, "validation": {"carve": "train", "fraction": 0.2}, "test": {"file": "test"},
        },
    }  # fmt: skip
    (catalog / "tasks").mkdir(exist_ok=True)
    (catalog / "tasks" / "colours.yaml").write_text(yaml.safe_dump(task))
    monkeypatch.setenv("HUB_CATALOG", str(catalog))
    loadable_bert(tmp_path / "mini")

    def run(command, *options):
        return run_hub(
            command, str(tmp_path / "mini"), "--task", "colours", "--strategy", "knn", "--final", *options
        )

    return run


def test_a_plan_goes_on_and_names_counts_limit_and_the_way_out(leaky):
    done = leaky("plan", "--format", "json")
    assert done.exit_code == 0
    told = " ".join(done.stderr.split())
    assert "colours: hub evaluate will stop here: 2 exact copies, 2 equal but for case" in told
    assert "the policy allows 0 of the first" in told
    assert "--allow-leaks colours" in told
    (row,) = json.loads(done.stdout)["would_stop_at"]
    assert (row["task"], row["copies"]["exact"], row["at_most"]) == ("colours", 2, 0)
    stopped = leaky("evaluate", "--no-log")
    assert stopped.exit_code == 3
    assert "2 exact copies" in stopped.stderr


def test_what_is_allowed_by_name_is_no_warning(leaky):
    done = leaky("plan", "--allow-leaks", "colours", "--format", "json")
    assert "will stop" not in done.stderr
    assert json.loads(done.stdout)["would_stop_at"] == []

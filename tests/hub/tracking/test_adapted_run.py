"""An adapted model in MLflow: loaded by plain MLflow in a process that never saw its folder; logged once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from evaluators.canonical import digest_of_file
from evaluators.data.locations import facts_of
from evaluators.data.task_data import load_task
from evaluators.engine.adaptation import Adaptation
from evaluators.errors import EnvironmentProblem, IntegrityError
from evaluators.personal_task import OwnData, personal_task
from evaluators.strategy import strategy
from hub.adapted.files import read_artifact
from hub.adapted.mlflow_run import log_adapted_to_mlflow
from hub.adapted.model import load_adapted
from hub.adapted.training import AdaptRequest, adapt
from hub.blobs import BlobStore
from hub.home import Home
from hub.registry.adapted_model import build_adapted
from hub.registry.connection import connect
from hub.tracking import adapted_run
from hub.tracking.adapted_run import EXPERIMENT, log_adapted
from tests.evaluators.engine.worlds import make_worlds
from tests.hub.workshop import NOW, Workshop, silent

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

TEXTS = ["a k b l", "d m e n", "g o h p"]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture(scope="module")
def folder(workshop):
    return workshop.adapt()


@pytest.fixture(scope="module")
def logged(folder, database):
    return log_adapted(read_artifact(folder), database)


ASK = """
import json, sys, warnings
warnings.filterwarnings("ignore")
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
answers = []
for uri in sys.argv[2:]:
    model = mlflow.pyfunc.load_model(uri)
    frame = model.predict(%r, params={"probabilities": True})
    answers.append([model.predict(%r), frame.to_dict("list")])
print(json.dumps(answers))
"""


def test_plain_mlflow_predicts_in_a_process_where_the_folder_is_gone(folder, workshop, database, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "gone")
    run = log_adapted(read_artifact(copy), database)
    shutil.rmtree(copy)
    model = connect(database).runs.search_logged_models(
        [_experiment(database)], f"source_run_id = '{run.run_id}'"
    )[0]
    done = subprocess.run(
        [sys.executable, "-c", ASK % (TEXTS, TEXTS), database, run.model_uri, f"models:/{model.model_id}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = load_adapted(folder)
    for labels, probabilities in json.loads(done.stdout.splitlines()[-1]):
        assert labels == expected.predict(TEXTS)
        assert list(probabilities) == list(expected.adapted.labels)
        columns = np.array(list(probabilities.values())).T
        np.testing.assert_allclose(columns, expected.predict_proba(TEXTS), atol=1e-6)


def test_the_files_in_mlflow_are_those_of_the_folder(folder, logged, database, tmp_path):
    import mlflow

    mlflow.set_tracking_uri(database)
    found = mlflow.artifacts.download_artifacts(logged.model_uri, dst_path=str(tmp_path / "down"))
    artifact = read_artifact(folder)
    for entry in artifact.files:
        assert digest_of_file(tmp_path / "down" / "model" / "model" / entry.path) == entry.sha256
    assert read_artifact(tmp_path / "down" / "model" / "model").digest == artifact.digest
    assert found


def test_the_run_says_where_the_model_comes_from_and_how_good_it_is(folder, logged, workshop, database):
    run = connect(database).runs.get_run(logged.run_id)
    artifact = read_artifact(folder)
    assert run.data.params["strategy"] == "linear-probe"
    assert run.data.params["setting C"] == "1.0"
    assert run.data.params["labels"] == "3"
    assert run.data.tags["hub.base"] == f"{workshop.candidate.name}@{workshop.candidate.digest}"
    held_out = artifact.adapted.score.estimate
    assert run.data.metrics["accuracy"] == pytest.approx(held_out.value, abs=1e-6)
    assert run.data.metrics["accuracy_low"] == pytest.approx(held_out.low, abs=1e-6)
    assert run.data.metrics["held_out"] == held_out.n
    assert run.inputs.dataset_inputs[0].dataset.digest == artifact.adapted.task_digest[:36]


def test_the_metric_of_the_task_is_logged_beside_accuracy(tmp_path, database):
    workshop = Workshop(tmp_path, metric="macro_f1")
    artifact = read_artifact(workshop.adapt(wrong=0.3))
    metrics = connect(database).runs.get_run(log_adapted(artifact, database).run_id).data.metrics
    score = artifact.adapted.score
    assert metrics["macro_f1"] == pytest.approx(score.estimate.value, abs=1e-6)
    assert metrics["macro_f1_low"] == pytest.approx(score.estimate.low, abs=1e-6)
    assert metrics["accuracy"] == pytest.approx(score.accuracy.value, abs=1e-6)
    assert "accuracy_low" not in metrics


def test_equal_folders_are_one_run(folder, logged, database):
    assert log_adapted(read_artifact(folder), database).run_id == logged.run_id


def test_a_run_that_was_killed_is_replaced(workshop, database, monkeypatch):
    artifact = read_artifact(workshop.adapt("killed", "knn"))

    def killed(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(adapted_run, "store_at", killed)
        with pytest.raises(KeyboardInterrupt):
            log_adapted(artifact, database)
    run = log_adapted(artifact, database)
    wanted = f"tags.`hub.adapted` = '{artifact.digest}'"
    found = connect(database).runs.search_runs([_experiment(database)], wanted)
    assert [row.info.run_id for row in found] == [run.run_id]


def test_no_text_of_the_task_is_in_what_is_logged(folder, workshop, tmp_path):
    built = build_adapted(read_artifact(folder), tmp_path / "built")
    texts = [line.rpartition(",")[0].encode() for line in workshop.files["pool"].read_text().splitlines()[1:]]
    data = b"".join(path.read_bytes() for path in built.rglob("*") if path.is_file())
    assert not any(text in data for text in texts)
    assert b"queue 1" in data


def test_the_same_folder_is_built_to_the_same_bytes(folder, tmp_path):
    artifact = read_artifact(folder)
    one, two = (build_adapted(artifact, tmp_path / name) for name in ("one", "two"))
    for path in one.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (two / path.relative_to(one)).read_bytes()


def test_a_loaded_artifact_whose_bytes_were_changed_is_refused(folder, tmp_path):
    from hub.pyfunc_adapted import _load_pyfunc

    built = build_adapted(read_artifact(folder), tmp_path / "built")
    weights = built / "model" / "fit.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(IntegrityError, match="is not what `hub adapt` wrote"):
        _load_pyfunc(str(built))


def test_a_folder_that_changed_since_it_was_read_is_not_built(folder, tmp_path):
    artifact = read_artifact(folder)
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "README.md").write_text("edited since")
    with pytest.raises(IntegrityError, match="does not have the bytes"):
        build_adapted(replace(artifact, folder=copy), tmp_path / "built")


def test_images_are_asked_as_the_bytes_of_a_file(tmp_path):
    import io

    import mlflow.pyfunc
    import pandas as pd
    from PIL import Image

    world = make_worlds(tmp_path / "worlds")["image"]
    pictures = list(zip(world.train.samples.images, world.train.labels.tolist(), strict=True))
    for number, (pixels, label) in enumerate(pictures):
        path = tmp_path / "shapes" / f"shape {label}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    task = personal_task(
        OwnData(str(tmp_path / "shapes")), tmp_path / "shapes", facts_of(tmp_path / "shapes")
    )
    data, row = load_task(task, {"data": tmp_path / "shapes"}), strategy("linear-probe")
    adaptation = Adaptation(world.candidate, world.folder, row, row.defaults_for("image"), data.labels)
    store = BlobStore(Home(tmp_path / "home").ready())
    for entry in world.candidate.files:
        store.write([(world.folder / entry.path).read_bytes()], entry)
    request = AdaptRequest(adaptation, None, task, data, data.development, 0, tmp_path / "shaper")
    adapt(request, store, silent, now=NOW)
    model = mlflow.pyfunc.load_model(str(build_adapted(read_artifact(request.into), tmp_path / "built")))
    files = []
    for pixels, _ in pictures[:5]:
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        files.append(stream.getvalue())
    expected = load_adapted(request.into).predict([pixels for pixels, _ in pictures[:5]])
    assert model.predict(pd.DataFrame({"image": files})) == expected
    assert model.predict(files) == expected


def test_who_adapted_is_told_how_mlflow_loads_it(folder, logged, database, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", database)
    sentence, warning = log_adapted_to_mlflow(folder, Home(tmp_path))
    assert not warning
    assert sentence.endswith(f'mlflow.pyfunc.load_model("{logged.model_uri}") loads it')


def test_a_dead_server_is_a_warning_and_the_folder_stays(folder, tmp_path, monkeypatch, closed_port):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{closed_port}")
    sentence, warning = log_adapted_to_mlflow(folder, Home(tmp_path))
    assert warning
    assert sentence.startswith("not logged to MLflow: ")
    with pytest.raises(EnvironmentProblem, match="does not answer"):
        log_adapted(read_artifact(folder), f"http://127.0.0.1:{closed_port}")


def _experiment(database: str) -> str:
    return str(connect(database).runs.get_experiment_by_name(EXPERIMENT).experiment_id)

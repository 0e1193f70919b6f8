"""An evaluation in MLflow: one run, one logged model a base and strategy, the leaderboard in the right order."""

from __future__ import annotations

import pytest

from evaluators.errors import EnvironmentProblem
from hub.registry.connection import Connection, connect
from hub.tracking.experiment import EXPERIMENT
from hub.tracking.mlflow_runs import log_evaluation
from tests import synthetic
from tests.synthetic import World

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def evidence():
    return synthetic.evidence(World(candidate="mini-v1.5", runs=3, items=60))


@pytest.fixture
def files(tmp_path):
    (tmp_path / "evidence.json").write_text("{}")
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    return {"evidence.json": tmp_path / "evidence.json", "plots/efficiency.png": tmp_path / "a.png"}


@pytest.fixture
def logged(database, evidence, files) -> tuple[Connection, str, str]:
    run_id = log_evaluation(evidence, files, database)
    connection = connect(database)
    return connection, connection.runs.get_experiment_by_name(EXPERIMENT).experiment_id, run_id


def test_the_run_carries_the_files_and_the_findings_digest(logged, evidence):
    connection, _, run_id = logged
    run = connection.runs.get_run(run_id)
    assert run.data.tags["hub.findings"] == evidence.findings.digest
    assert run.data.params["protocol"] == "standard"
    assert [item.path for item in connection.runs.list_artifacts(run_id)] == ["evidence.json", "plots"]
    assert {item.dataset.name for item in run.inputs.dataset_inputs} >= {
        "help-desk test, 8 a class",
        "help-desk validation, 2 a class",
    }


def test_the_leaderboard_is_sorted_by_the_metric_on_the_dataset(logged, evidence):
    connection, experiment, _ = logged
    task = evidence.findings.tasks[0]
    found = connection.runs.search_logged_models(
        [experiment],
        order_by=[
            {
                "field_name": "metrics.accuracy",
                "ascending": False,
                "dataset_name": f"{task.id} test, 8 a class",
                "dataset_digest": task.digest[:36],
            }
        ],
    )
    largest = max(summary.labels_per_class for summary in evidence.findings.summaries)
    scores = {
        summary.strategy: summary.estimate.value
        for summary in evidence.findings.summaries
        if (summary.set, summary.labels_per_class, summary.metric) == ("test", largest, "accuracy")
    }
    shown = [model.params["strategy"] for model in found]
    assert sorted(shown) == sorted(scores)
    assert [scores[name] for name in shown] == sorted(scores.values(), reverse=True)
    assert {model.status.value for model in found} == {"READY"}


def test_every_score_stands_there_with_its_interval(logged):
    connection, experiment, _ = logged
    probe = connection.runs.search_logged_models([experiment], "params.strategy = 'linear-probe'")[0]
    assert probe.params["accuracy on help-desk test, 8 a class"].count(",") == 1
    assert probe.params["tier"] == "frozen"
    assert probe.name == "mini-v1-5--linear-probe--help-desk"


def test_the_same_evidence_twice_is_one_run(logged, database, evidence, files):
    connection, experiment, run_id = logged
    before = len(connection.runs.search_logged_models([experiment]))
    assert log_evaluation(evidence, files, database) == run_id
    assert len(connection.runs.search_runs([experiment])) == 1
    assert len(connection.runs.search_logged_models([experiment])) == before


def test_a_run_that_did_not_get_to_its_end_is_replaced(database, files, tmp_path):
    other = synthetic.evidence(World(candidate="other", runs=2, items=40))
    with pytest.raises(FileNotFoundError):
        log_evaluation(other, {**files, "gone.md": tmp_path / "gone.md"}, database)
    run_id = log_evaluation(other, files, database)
    connection = connect(database)
    experiment = connection.runs.get_experiment_by_name(EXPERIMENT).experiment_id
    wanted = f"tags.`hub.findings` = '{other.findings.digest}'"
    assert [run.info.run_id for run in connection.runs.search_runs([experiment], wanted)] == [run_id]
    models = connection.runs.search_logged_models([experiment], "params.base = 'other'")
    assert {model.source_run_id for model in models} == {run_id}


def test_a_dead_server_is_told_and_not_waited_for(evidence, files, closed_port):
    with pytest.raises(EnvironmentProblem, match="does not answer"):
        log_evaluation(evidence, files, f"http://127.0.0.1:{closed_port}")

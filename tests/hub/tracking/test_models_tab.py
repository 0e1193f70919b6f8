"""MLflow's Models tab sorts as `hub leaderboard TASK` does: a row once, whatever is logged, in whatever order."""

from __future__ import annotations

import itertools

import pytest

from hub.board import DECIMALS, leaderboard
from hub.registry.connection import connect
from hub.registry.version_artifacts import experiment_id
from hub.tracking import mlflow_rows, mlflow_runs
from hub.tracking.mlflow_runs import log_evaluation
from tests.hub.boards import TASK, measured, source
from tests.synthetic import World

pytestmark = pytest.mark.slow

WORLD = World(runs=3, items=60)
#: A final evaluation; one on validation alone that measures arms anew; other bases; another protocol.
DOCUMENTS = (
    measured(WORLD),
    measured(
        WORLD.but(accuracy={"linear-probe": 0.99, "lora": 0.2}, sets={"validation": 0.0}, sizes=(2, 4, 8)),
        day=5,
    ),
    measured(WORLD.but(candidate="other-v2", accuracy={"lora": 0.93, "knn": 0.93}), day=3),
    measured(WORLD.but(candidate="large", accuracy={"knn": 0.99}, sizes=(2,)), day=4),
    measured(WORLD.but(accuracy={"linear-probe": 0.7}), day=6, protocol="quick"),
)
_NUMBERS = itertools.count()


@pytest.fixture
def tab(monkeypatch):
    """Use an experiment of one's own in a database that tests share; return how to log and how to sort."""
    name = f"models-tab-{next(_NUMBERS)}"
    monkeypatch.setattr(mlflow_runs, "EXPERIMENT", name)

    def sort(uri, set_name, size):
        connection = connect(uri)
        experiment = experiment_id(connection, name, "")
        dataset = {
            "dataset_name": f"help-desk {set_name}, {size} a class",
            "dataset_digest": TASK.digest[:36],
        }
        return connection.runs.search_logged_models(
            [experiment],
            datasets=[dataset],
            order_by=[{"field_name": "metrics.accuracy", "ascending": False, **dataset}],
        )

    return sort


def of_board(set_name, size, documents=DOCUMENTS):
    (section,) = leaderboard(
        [source(found) for found in documents], TASK.id, TASK.digest, sets=(set_name,), size=size
    )
    return [
        (row.base or "no base", row.strategy, row.protocol, round(row.estimate.value, DECIMALS))
        for row in section.rows
    ]


def of_mlflow(models, set_name, size):
    dataset = f"help-desk {set_name}, {size} a class"
    found = []
    for model in models:
        (value,) = [m.value for m in model.metrics if (m.key, m.dataset_name) == ("accuracy", dataset)]
        found.append((model.params["base"], model.params["strategy"], model.params["protocol"], value))
    return found


def same_order(shown, expected):
    """The same values in the same order, and among equal values the same rows."""
    assert [row[3] for row in shown] == [row[3] for row in expected]
    assert sorted(shown) == sorted(expected)


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 1, 3, 0, 2)])
def test_the_models_tab_sorts_as_the_leaderboard_does(tab, database, order):
    for number in order:
        log_evaluation(DOCUMENTS[number], {}, database)
    for set_name, size in (("test", 8), ("test", 2), ("validation", 8), ("validation", 2), ("validation", 4)):
        same_order(of_mlflow(tab(database, set_name, size), set_name, size), of_board(set_name, size))


def test_logging_all_of_it_again_changes_nothing(tab, database):
    for found in (*DOCUMENTS, *DOCUMENTS):
        log_evaluation(found, {}, database)
    shown = of_mlflow(tab(database, "test", 8), "test", 8)
    assert len(shown) == len({row[:3] for row in shown})
    same_order(shown, of_board("test", 8))


def test_killed_between_writing_and_removing_a_row_it_stands_once_after_the_next(tab, database, monkeypatch):
    log_evaluation(DOCUMENTS[0], {}, database)

    def killed(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(mlflow_runs, "remove_covered", killed)
        with pytest.raises(KeyboardInterrupt):
            log_evaluation(DOCUMENTS[1], {}, database)
    log_evaluation(DOCUMENTS[1], {}, database)
    same_order(of_mlflow(tab(database, "test", 8), "test", 8), of_board("test", 8, DOCUMENTS[:2]))
    same_order(
        of_mlflow(tab(database, "validation", 8), "validation", 8), of_board("validation", 8, DOCUMENTS[:2])
    )


def test_killed_before_the_run_is_whole_an_older_row_keeps_what_it_alone_knows(tab, database, tmp_path):
    log_evaluation(DOCUMENTS[0], {}, database)
    with pytest.raises(FileNotFoundError):
        log_evaluation(DOCUMENTS[1], {"gone.md": tmp_path / "gone.md"}, database)
    log_evaluation(DOCUMENTS[1], {}, database)
    same_order(of_mlflow(tab(database, "test", 8), "test", 8), of_board("test", 8, DOCUMENTS[:2]))


def test_a_row_carries_its_interval_and_the_dataset_of_every_metric(tab, database):
    log_evaluation(DOCUMENTS[1], {}, database)
    log_evaluation(DOCUMENTS[0], {}, database)
    probe = next(m for m in tab(database, "test", 8) if m.params["strategy"] == "linear-probe")
    assert all(m.dataset_name and m.dataset_digest == TASK.digest[:36] for m in probe.metrics)
    for metric in probe.metrics:
        text = probe.params[f"{metric.key} on {metric.dataset_name}"]
        assert text.split()[0] == f"{metric.value:.4f}"


def test_rows_are_read_page_by_page(tab, database, monkeypatch):
    monkeypatch.setattr(mlflow_rows, "_MODELS_A_PAGE", 2)
    for found in DOCUMENTS[:2]:
        log_evaluation(found, {}, database)
    same_order(of_mlflow(tab(database, "test", 8), "test", 8), of_board("test", 8, DOCUMENTS[:2]))


def test_the_newest_first_which_is_all_that_the_ui_can_sort_by_is_the_order_of_the_leaderboard(tab, database):
    """MLflow 3.17.2's page has sorting by metrics switched off (looked at in Chromium, 2026-11-27)."""
    log_evaluation(DOCUMENTS[0], {}, database)
    newest = sorted(tab(database, "test", 8), key=lambda model: -model.creation_timestamp)
    same_order(of_mlflow(newest, "test", 8), of_board("test", 8, DOCUMENTS[:1]))

"""A run on a real server, from its first measurement to its report: one run, whatever was stopped between."""

from __future__ import annotations

import pytest

from hub.board import leaderboard
from hub.registry.connection import connect
from hub.registry.version_artifacts import experiment_id
from hub.tracking.experiment import EXPERIMENT
from hub.tracking.live_run import open_live_run
from hub.tracking.mlflow_runs import log_evaluation
from tests.evaluators.toy_plans import toy_plan, toy_protocol
from tests.hub.boards import TASK, measured, source
from tests.synthetic import World

pytestmark = pytest.mark.slow

WORLD = World(runs=2, items=40, sizes=(4,), accuracy={"majority": 0.25, "linear-probe": 0.8, "lora": 0.9})


@pytest.fixture
def plan(tmp_path):
    return toy_plan(tmp_path, protocol=toy_protocol(strategies=("majority", "tfidf-logreg")))[0]


def document(plan, **changes):
    found = measured(WORLD.but(**changes))
    return found.model_copy(
        update={"findings": found.findings.model_copy(update={"plan_digest": plan.digest})}
    )


def runs_of(server, plan):
    connection = connect(server)
    experiment = experiment_id(connection, EXPERIMENT, "")
    return connection.runs.search_runs([experiment], f"tags.`hub.plan` = '{plan.digest}'")


def test_what_was_told_stopped_and_begun_again_is_logged_as_one_run(server, plan):
    first = open_live_run(server, plan, "here")
    first.tell("3 of 8 measurements are done.", 3)
    first.end("3 of 8 measurements are done.", stopped=True)
    (run,) = runs_of(server, plan)
    assert (run.info.status, run.data.tags["mlflow.note.content"]) == (
        "KILLED",
        "3 of 8 measurements are done.",
    )
    again = open_live_run(server, plan, "here")
    again.tell("8 of 8 measurements are done.", 8)
    assert again.run_id == first.run_id
    assert runs_of(server, plan)[0].info.status == "RUNNING"
    found = document(plan)
    address = log_evaluation(found, {}, server, "here")
    assert first.run_id in address
    (run,) = runs_of(server, plan)
    assert (run.info.status, run.data.tags["hub.findings"]) == ("FINISHED", found.findings.digest)
    assert "measurements are done" not in run.data.tags["mlflow.note.content"]


def test_a_run_that_another_machine_began_is_left_to_it(server, plan):
    theirs = open_live_run(server, plan, "there")
    log_evaluation(document(plan, candidate="mine"), {}, server, "here")
    ours = {run.info.run_id: run.info.status for run in runs_of(server, plan)}
    assert ours[theirs.run_id] == "RUNNING"


def test_findings_that_are_logged_already_leave_no_second_run(server, plan):
    found = document(plan, candidate="twice")
    log_evaluation(found, {}, server, "home")
    begun = open_live_run(server, plan, "home")
    log_evaluation(found, {}, server, "home")
    assert begun.run_id not in {run.info.run_id for run in runs_of(server, plan)}


def test_a_server_sorts_its_models_as_the_leaderboard(server, plan):
    found = document(plan, candidate="served")
    log_evaluation(found, {}, server)
    connection = connect(server)
    dataset = {"dataset_name": "help-desk test, 4 a class", "dataset_digest": TASK.digest[:36]}
    shown = connection.runs.search_logged_models(
        [experiment_id(connection, EXPERIMENT, "")],
        filter_string=f"tags.`hub.findings` = '{found.findings.digest}'",
        order_by=[{"field_name": "metrics.accuracy", "ascending": False, **dataset}],
    )
    (section,) = leaderboard([source(found)], TASK.id, TASK.digest, sets=("test",))
    assert [m.params["strategy"] for m in shown] == [row.strategy for row in section.rows]

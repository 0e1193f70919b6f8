"""The run of an evaluation that is not over: how far it is. What is measured is logged when it is over, into this run.

In: a plan and where it runs. Out: one run a plan and machine, however often it was stopped and begun again.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluators.canonical import digest_of
from evaluators.plan import Plan
from hub.registry.connection import Connection, connect, reported
from hub.registry.registry import OWNED
from hub.registry.version_artifacts import experiment_id
from hub.tracking.leaderboard import FINDINGS_TAG

PLAN_TAG = "hub.plan"
ORIGIN_TAG = "hub.origin"
_DONE = "measurements done"


@dataclass(frozen=True, eq=False)
class LiveRun:
    """A run that is told how far it is."""

    connection: Connection
    run_id: str

    def tell(self, note: str, done: int) -> None:
        """Say how far it is, in one request.

        Raises:
            EnvironmentProblem: If the server does not answer, or refuses.
        """
        from mlflow.entities import Metric, RunTag

        with reported(self.connection.uri):
            self.connection.runs.log_batch(
                self.run_id,
                metrics=[Metric(_DONE, done, 0, done)],
                tags=[RunTag("mlflow.note.content", note[:5000])],
            )

    def end(self, note: str, *, stopped: bool) -> None:
        """Say that nothing more is computed; one that was stopped before its end goes on when it is begun again."""
        from mlflow.entities import RunTag

        with reported(self.connection.uri):
            self.connection.runs.log_batch(self.run_id, tags=[RunTag("mlflow.note.content", note[:5000])])
            if stopped:
                self.connection.runs.set_terminated(self.run_id, "KILLED")


def origin_tag(root: Path) -> str:
    """Return what tells machines apart that run the same plan; it names neither of them."""
    return digest_of([platform.node(), str(root)])[:16]


def open_live_run(uri: str, plan: Plan, origin: str) -> LiveRun:
    """Take up the run of a plan that was stopped here, or begin one.

    Raises:
        EnvironmentProblem: If MLflow is missing, unreachable or refuses.
    """
    from hub.tracking.experiment import EXPERIMENT, EXPERIMENT_NOTE

    connection = connect(uri)
    experiment = experiment_id(connection, EXPERIMENT, EXPERIMENT_NOTE)
    with reported(connection.uri):
        before = next(unfinished(connection, experiment, plan.digest, origin), None)
        if before is not None:
            connection.runs.update_run(before.info.run_id, status="RUNNING")
            return LiveRun(connection, str(before.info.run_id))
        models = " ".join(row.candidate.name for row in plan.request.candidates if row.role == "candidate")
        tasks = " ".join(task.id for task in plan.request.tasks)
        tags = {PLAN_TAG: plan.digest, ORIGIN_TAG: origin, OWNED: "true"}
        run = connection.runs.create_run(experiment, run_name=f"{models} on {tasks}"[:200], tags=tags)
    return LiveRun(connection, str(run.info.run_id))


def unfinished(connection: Connection, experiment: str, plan_digest: str, origin: str) -> Iterator[Any]:
    """Yield the runs of a plan that were begun here and that nothing was logged into yet."""
    wanted = f"tags.`{PLAN_TAG}` = '{plan_digest}' AND tags.`{ORIGIN_TAG}` = '{origin}'"
    for run in connection.runs.search_runs([experiment], wanted):
        if FINDINGS_TAG not in run.data.tags:
            yield run

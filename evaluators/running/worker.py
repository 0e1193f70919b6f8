"""The worker process: `python -m evaluators.running.worker`, JSON lines in, JSON lines out.

The first line is the `WorkerSetup`; every further line is a unit. Standard output carries the protocol only: whatever
a library prints goes to standard error, which the parent keeps as a log.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from evaluators.data.task_data import load_task
from evaluators.errors import EnvironmentProblem, ReportedError
from evaluators.plan import plan_from_json
from evaluators.results import ResultStore
from evaluators.running.compute import Computation
from evaluators.running.device import choose_device
from evaluators.running.executor import (
    READY,
    Broken,
    Step,
    Unit,
    WorkerSetup,
    attempt,
    message_of,
    read_commands,
)
from evaluators.running.workbench import Workbench

#: Progress is told at most this often, in seconds: a line a training step would cost more than the step.
_TELL_EVERY = 0.2


def main() -> None:
    """Serve units until the parent closes our input."""
    channel = _claim_stdout()
    commands = read_commands(sys.stdin)
    try:
        bench = _bench(WorkerSetup(**next(commands)))
    except ReportedError as error:
        _tell(channel, {"problem": error.message, "hint": error.hint})
        return
    _tell(channel, READY)
    computation = Computation(bench)
    told = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _TELL_EVERY:
            told = now
            _tell(channel, message_of(Step(done, total)))

    for command in commands:
        try:
            unit = Unit(command["kind"], command["trunk"], tuple(command["cells"]))
            outcome = attempt(computation, bench.plan.cells, unit, progress)
        except EnvironmentProblem as error:
            _tell(channel, {"problem": error.message, "hint": error.hint})
            return
        _tell(channel, message_of(outcome))
        if isinstance(outcome, Broken) and bench.device == "cuda":
            # An error of the device stays with the process; the next unit gets a fresh one.
            return


def _bench(setup: WorkerSetup) -> Workbench:
    plan = plan_from_json(Path(setup.plan).read_bytes(), where=setup.plan)
    data = {
        task.id: load_task(task, {name: Path(path) for name, path in setup.data[task.id].items()})
        for task in plan.request.read_tasks
    }
    folders = {name: Path(folder) for name, folder in setup.folders.items()}
    results, device = ResultStore(setup.results), choose_device(setup.device)
    return Workbench(plan, data, folders, results, device, timed_by=setup.plan)


def _claim_stdout() -> IO[str]:
    """Keep the real standard output for the protocol and send every other print to standard error."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return channel


def _tell(channel: IO[str], message: Mapping[str, object]) -> None:
    channel.write(json.dumps(dict(message)) + "\n")
    channel.flush()


if __name__ == "__main__":
    main()

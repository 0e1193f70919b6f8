"""A plan run in a process of its own, as a command does: `python -m tests.benchmarks.fresh_run < setup.json`.

Standard input is a worker's setup; the counters of the run are printed as JSON. A plan of which everything is stored
starts no worker.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from evaluators.cell import Failed
from evaluators.plan import plan_from_json
from evaluators.results import ResultStore
from evaluators.running.executor import WorkerExecutor, WorkerSetup
from evaluators.running.run import Ended, Finished, run_plan


def main() -> None:
    """Run the plan."""
    setup = WorkerSetup(**json.load(sys.stdin))
    plan = plan_from_json(Path(setup.plan).read_bytes(), where=setup.plan)
    executor = WorkerExecutor(setup, Path(setup.plan).parent / "worker.log")
    try:
        for event in run_plan(plan, ResultStore(setup.results), executor):
            if isinstance(event, Ended) and isinstance(event.result, Failed):
                raise SystemExit(f"{event.planned.cell.strategy}: {event.result.reason}")
            if isinstance(event, Finished):
                print(json.dumps(event.counters))  # noqa: T201  its result
    finally:
        executor.close()


if __name__ == "__main__":
    main()

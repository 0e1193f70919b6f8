"""Who computes: this process (tests, notebooks), or a supervised worker that may die without taking us along.

An executor takes one unit of work at a time and yields progress, then how it ended. This is the cell boundary: the only
place where any exception of the computation becomes a reason instead of a crash.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal, Protocol

from evaluators.engine.job import NotApplicable
from evaluators.errors import EnvironmentProblem, ReportedError
from evaluators.plan import PlannedCell
from evaluators.running.compute import Computation
from evaluators.running.workbench import Workbench


@dataclass(frozen=True)
class Unit:
    """One unit of work: encode a trunk (its key), or measure cells (their places in the plan) in one pass."""

    kind: Literal["encode", "measure"]
    trunk: str = ""
    cells: tuple[int, ...] = ()


@dataclass(frozen=True)
class Step:
    """Progress of the running unit."""

    done: int
    total: int


@dataclass(frozen=True)
class Done:
    """The unit ended well; `seconds` of computing, without what was imported for it and how long answers took."""

    encoded: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Broken:
    """The unit did not; the worker is fine, or was replaced."""

    reason: str


@dataclass(frozen=True)
class Declined:
    """The unit cannot run here, by no fault of the model: a library or a device is missing."""

    reason: str


Outcome = Step | Done | Broken | Declined

#: What a worker says when it has loaded what it needs, before its first unit.
READY: Mapping[str, object] = {"ready": True}


class Executor(Protocol):
    """Computes units."""

    def execute(self, unit: Unit) -> Iterator[Outcome]:
        """Yield `Step`s, then one `Done`, `Broken` or `Declined`."""
        ...

    def close(self) -> None:
        """Release what it holds."""
        ...


class InProcessExecutor:
    """Computes here. What kills the computation kills the caller."""

    def __init__(self, bench: Workbench) -> None:
        self._computation = Computation(bench)
        self._cells = bench.plan.cells

    def execute(self, unit: Unit) -> Iterator[Outcome]:
        """Compute a unit; progress is not told."""
        yield attempt(self._computation, self._cells, unit, _silent)

    def close(self) -> None:
        """Nothing to release."""


def attempt(
    computation: Computation, cells: tuple[PlannedCell, ...], unit: Unit, progress: Any
) -> Done | Broken | Declined:
    """Compute one unit; whatever goes wrong becomes its reason."""
    planned = [cells[index] for index in unit.cells]
    started, before = time.perf_counter(), computation.seconds_beside
    encoded = 0
    try:
        if unit.kind == "encode":
            encoded = computation.encode(unit.trunk, progress)
        else:
            computation.measure(planned, progress)
        beside = computation.seconds_beside - before
        return Done(encoded, round(time.perf_counter() - started - beside, 4))
    except EnvironmentProblem:
        # A full disk or a store that is gone is no property of the cell: it ends the run, and nothing is signed.
        raise
    except NotApplicable as reason:
        return Declined(str(reason))
    except ReportedError as error:
        return Broken(error.message)
    except Exception as error:  # noqa: BLE001 - the cell boundary: one cell's failure must not end the others
        if computation.bench.withholds(planned[0].cell.task if planned else None):
            # A library's message may quote what it could not digest.
            return Broken(f"{type(error).__name__} (its message is withheld: it may quote the data)")
        return Broken(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}")


@dataclass(frozen=True)
class WorkerSetup:
    """What the worker is told at its start; JSON on its standard input."""

    plan: str
    """Path of the plan document."""
    data: Mapping[str, Mapping[str, str]]
    """Verified path by file name, by task."""
    folders: Mapping[str, str]
    results: str
    device: str


#: Threads that spin only briefly while they wait: costs a tenth on an idle machine, and beside another busy process a
#: training step took 0.8 s instead of 5.1 s (README, decision 6).
_QUIET = {"GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "1"}


class WorkerExecutor:
    """Computes in one resident process: imports are paid once, and its death is a reason, not ours."""

    def __init__(self, setup: WorkerSetup, log: Path) -> None:
        """Prepare; the process starts with the first unit.

        Args:
            setup: What the worker is told.
            log: File that receives its standard error.
        """
        self._setup = setup
        self._log = log
        self._process: subprocess.Popen[str] | None = None

    def execute(self, unit: Unit) -> Iterator[Outcome]:
        """Compute a unit; if the worker dies, once more alone in a fresh one."""
        for attempt_number in (1, 2):
            ending = ""
            for outcome in self._once(unit):
                if isinstance(outcome, str):
                    ending = outcome
                else:
                    yield outcome
            if not ending:
                return
            self.close()
            if attempt_number == 2:
                yield Broken(ending)

    def close(self) -> None:
        """End the worker."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            with contextlib.suppress(OSError):
                process.stdin.close()
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()

    def _once(self, unit: Unit) -> Iterator[Outcome | str]:
        """Yield outcomes; a string says how the worker died."""
        process = self._started()
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps(asdict(unit)) + "\n")
            process.stdin.flush()
        except OSError:
            yield _cause(process.wait())
            return
        for line in process.stdout:
            message = json.loads(line)
            if "problem" in message:
                raise EnvironmentProblem(message["problem"], hint=message.get("hint"))
            outcome = _outcome(message)
            yield outcome
            if not isinstance(outcome, Step):
                return
        yield _cause(process.wait())

    def _started(self) -> subprocess.Popen[str]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            # Its own session: Ctrl-C reaches us, and we end it in good order.
            # -P: no module of the folder that it is started in stands before the installed ones.
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "evaluators.running.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                env={**_QUIET, **os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
            )
        assert process.stdin
        process.stdin.write(json.dumps(asdict(self._setup)) + "\n")
        process.stdin.flush()
        self._process = process
        assert process.stdout
        first = json.loads(process.stdout.readline() or "{}")
        if first != READY:
            self.close()
            raise EnvironmentProblem(
                first.get("problem", f"the worker could not start: {_last_line(self._log)}"),
                hint=first.get("hint", f"its whole answer stands in {self._log}"),
            )
        return process


def read_commands(stream: IO[str]) -> Iterator[dict[str, Any]]:
    """Yield a worker's commands, and end this process at once when its parent is gone, even in the middle of a fit."""
    lines: queue.Queue[str] = queue.Queue()

    def follow() -> None:
        for line in stream:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=follow, daemon=True).start()
    while True:
        yield json.loads(lines.get())


def message_of(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as the worker writes it."""
    return {"type": type(outcome).__name__, **asdict(outcome)}


def _outcome(message: dict[str, Any]) -> Outcome:
    kind = message.pop("type")
    if kind == "Step":
        return Step(**message)
    if kind == "Done":
        return Done(**message)
    return Declined(**message) if kind == "Declined" else Broken(**message)


def _cause(returncode: int) -> str:
    """Say why a worker died."""
    if returncode == -9:
        return "the worker was killed (signal 9), most likely because memory ran out"
    if returncode < 0:
        return f"the worker was ended by signal {-returncode}"
    return f"the worker ended with exit code {returncode}"


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"


def _silent(done: int, total: int) -> None:
    """Nobody listens."""

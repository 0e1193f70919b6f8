"""Servers that a test starts and ends: each in a process group, with its output in a file that a failure shows."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_START_SECONDS = 90.0
_STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Start:
    """What to start.

    Attributes:
        command: Argument list.
        environment: All of its variables.
        check: Argument list that exits 0 once it is well.
        log: File for its output.
        user: User id to run as; the test's own by default.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    check: Sequence[str]
    log: Path
    user: int | None = None


@contextlib.contextmanager
def running(start: Start, *, stop_with: signal.Signals = signal.SIGTERM) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the context is left; it is well when the context is entered.

    Raises:
        AssertionError: With the end of its output, if it does not come up.
    """
    with start.log.open("ab") as stream:
        process = subprocess.Popen(
            start.command,
            env=dict(start.environment),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            user=start.user,
            group=start.user,
            extra_groups=None if start.user is None else [],
            cwd=start.log.parent,
        )
    try:
        _await(process, start)
        yield process
    finally:
        _end(process, stop_with)


def tail(log: Path) -> str:
    """Return the end of a log."""
    return log.read_text(encoding="utf-8", errors="replace")[-4000:]


def _await(process: subprocess.Popen[bytes], start: Start) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        checked = subprocess.run(start.check, env=dict(start.environment), capture_output=True, check=False)
        if checked.returncode == 0:
            return
        time.sleep(0.2)
    raise AssertionError(f"{start.command[0]} did not come up\n{tail(start.log)}")


def _end(process: subprocess.Popen[bytes], stop_with: signal.Signals) -> None:
    """End the whole group: a server's workers go with it, whatever became of the server."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, stop_with)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

"""Kills a process before the n-th line of chosen modules: every point at which a power cut could come."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any


def killed_at(line: int, action: Callable[[], object], *modules: ModuleType) -> bool:
    """Run `action` in a child that kills itself before its `line`-th line of `modules`.

    Returns:
        Whether it was killed; False: it ran to the end before that line came.
    """
    child = os.fork()
    if child == 0:
        _run(line, action, {module.__file__ for module in modules})
    return os.waitpid(child, 0)[1] != 0


def _run(line: int, action: Callable[[], object], watched: set[str | None]) -> None:
    left = line

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in watched:
            return None
        if event == "line":
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    action()
    os._exit(0)

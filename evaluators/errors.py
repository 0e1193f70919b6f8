"""Errors that a person can act on.

Every error that is the fault of an input, the environment or the data is a `ReportedError`: one line that says
what is wrong and where, and a hint that says what to do. Only the command line catches it, prints both and exits
with `exit_code`. Anything else is a defect of ours and keeps its traceback.
"""

from __future__ import annotations


class ReportedError(Exception):
    """An error told to a person by its message and hint, without a traceback.

    Attributes:
        message: One sentence: what is wrong, and where.
        hint: The next step, or None.
        exit_code: What the command line exits with.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")  # a traceback, in a notebook, ends with the next step


class UsageProblem(ReportedError):
    """The request cannot be understood: an unknown name, an option that does not fit."""

    exit_code = 2


class GateRefused(ReportedError):
    """The gate refused, or the evidence does not suffice."""

    exit_code = 3


class InvalidDocument(ReportedError):
    """A card, task, protocol, policy, data file or evidence is not valid."""

    exit_code = 4


class EnvironmentProblem(ReportedError):
    """Something outside is missing: an extra, a device, a server, a writable folder."""

    exit_code = 5


class PrecisionProblem(ReportedError):
    """A base loses accuracy in the arithmetic that the protocol asks for; its frozen cells fail with this reason."""


class IntegrityError(ReportedError):
    """Bytes or records are not what was promised. Nothing was loaded."""

    exit_code = 6


class Conflict(ReportedError):
    """Somebody else was first; nothing was changed."""

    exit_code = 7

"""Options as a measurement would give them, with as much of it as a test says."""

from evaluators.advice.option import Option
from evaluators.evidence import Estimate
from evaluators.strategy import strategy


def option(
    name,
    value,
    *,
    candidate="mini",
    size=8,
    classes=10,
    seconds=1.0,
    parameters=22_000_000,
    encoding=None,
    machine="",
    runs=(),
    drawn="nested",
    failed=0,
):
    """Return an option; `runs` are the scores of run 0, 1, ..., drawn as `drawn` says."""
    floor = strategy(name).subject == "nothing"
    return Option(
        "" if floor else candidate,
        name,
        size,
        classes * size,
        Estimate(value=value, low=value - 0.01, high=value + 0.01, n=5),
        seconds,
        0 if floor else parameters,
        encoding=encoding,
        machine=machine,
        runs=tuple((f"{drawn}/{run}", score) for run, score in enumerate(runs)),
        failed=failed,
    )

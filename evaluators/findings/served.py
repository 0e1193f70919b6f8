"""From the result store to how models answered: the times that were taken after their fits. Computes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from evaluators.cell import Scored
from evaluators.findings.collect import Reading
from evaluators.observations import Environment
from evaluators.serving import served, serving_key, serving_of
from evaluators.serving_evidence import Serving


@dataclass(frozen=True)
class Served:
    """How a strategy of a base answered, and where."""

    serving: Serving
    environment: Environment


def servings(reading: Reading) -> tuple[Served, ...]:
    """Return what is stored of the cells that are timed, in the plan's order.

    Cells of stores that earlier versions filled were not timed, and some could not be: they have no row.
    """
    found = []
    for planned in served(reading.plan):
        key, outcome = serving_key(planned), reading.outcomes[planned.cell.key, planned.cell.candidate]
        if not isinstance(outcome, Scored) or not reading.results.intact("serving", key):
            continue
        stored = reading.results.read("serving", key)
        if not len(stored.arrays["seconds"]):
            continue
        place = Environment.model_validate(stored.facts["environment"])
        serving = serving_of(planned, stored, environment=place.digest)
        if serving is not None:
            found.append(Served(serving, place))
    return tuple(found)

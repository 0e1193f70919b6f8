"""What asking adapted bases takes that a plan trains (`evaluators/drift.py`): forwards over the samples of a probe."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from evaluators.boundary_demand import shares_states
from evaluators.candidate import Candidate
from evaluators.cost.demand import Demand
from evaluators.cost.flops import forward_flops
from evaluators.cost.lengths import Lengths, padded_when_read
from evaluators.cost.training import above_states, training
from evaluators.data.samples import Samples
from evaluators.drift import Probe, drifting, probe_of
from evaluators.plan import PlannedCell


class Asking:
    """What is asked of the networks that a demand trains."""

    def __init__(self, demand: Demand, lengths_of: Callable[[Candidate, Samples], Lengths]) -> None:
        """Count nothing yet.

        Args:
            demand: What is left of a plan.
            lengths_of: Tokens of samples, for a candidate.
        """
        self._demand, self._lengths_of = demand, lengths_of

    def flops(self, planned: PlannedCell) -> float:
        """Return the FLOPs of what a cell's network is asked; the first over a base has the bare one asked too."""
        if planned.fit not in self._asked:
            return 0.0
        candidate, probe = self._demand.candidate(planned), self._asked[planned.fit]
        lengths = self._lengths_of(candidate, probe.samples)
        each = forward_flops(candidate, padded_when_read(lengths, len(probe.samples)))
        bare = 1.0 if self._first[_asker(planned, probe)] == planned.fit else 0.0
        how = training(planned, candidate)
        if shares_states(planned) and probe.labels is None:
            how = above_states(how, planned, candidate)  # the states of the task's own inputs are at hand
        return len(probe.samples) * each * (how.reading + bare)

    @cached_property
    def _asked(self) -> dict[str, Probe]:
        """What each fit is asked."""
        plan, wanted = self._demand.plan, drifting(self._demand.plan)
        pending = {p.fit: p for p in self._demand.cells if p.fit in wanted}
        found = {fit: probe_of(planned, plan, self._demand.data) for fit, planned in pending.items()}
        return {fit: probe for fit, probe in found.items() if probe is not None}

    @cached_property
    def _first(self) -> dict[tuple[str, str], str]:
        first: dict[tuple[str, str], str] = {}
        for places in self._demand.passes:
            for planned in (self._demand.plan.cells[index] for index in places):
                if planned.fit in self._asked:
                    first.setdefault(_asker(planned, self._asked[planned.fit]), planned.fit)
        return first


def _asker(planned: PlannedCell, probe: Probe) -> tuple[str, str]:
    return planned.cell.subject, probe.digest

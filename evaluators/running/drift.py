"""Asks a base what it was asked before it was adapted, while the adapted one is in memory.

In: a trained network. Out: how its features moved against the *bare* base, and what a linear probe on them scores. The
bare base is loaded as it came: one with adapters in it that are switched off would be no reference (PEFT #3419).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluators.data.samples import FloatArray
from evaluators.diagnostics.drift import linear_cka, neighbour_overlap
from evaluators.drift import Probe, drift_key, drifting, probe_of
from evaluators.engine.job import Fitted
from evaluators.plan import PlannedCell
from evaluators.results import Stored
from evaluators.running.workbench import Workbench
from evaluators.statistics.item_values import Vector

if TYPE_CHECKING:
    from evaluators.engine.classifier import Classifier


@dataclass(frozen=True, eq=False)
class _Bare:
    """What the bare base gave: its features, and what each sample gives to the score of a probe on them."""

    features: FloatArray
    values: Vector | None


class DriftMeter:
    """Asks the cells of a plan that train their base."""

    def __init__(self, bench: Workbench) -> None:
        """Ask nothing yet.

        Args:
            bench: What computing needs.
        """
        self._bench = bench
        self._wanted = drifting(bench.plan)
        self._bare: dict[tuple[str, str, str], _Bare] = {}

    def prepare(self, cells: Sequence[PlannedCell]) -> None:
        """Ask the bare bases of cells before these are fitted: afterwards there may be no room for both."""
        for planned in cells:
            probe = self._lacking(planned)
            if probe is not None:
                self._of_bare(planned, planned.cell.dtype, probe)

    def asks(self, cells: Sequence[PlannedCell]) -> bool:
        """Whether any of some cells will be asked."""
        return any(self._lacking(planned) is not None for planned in cells)

    def measure(self, planned: PlannedCell, fitted: Fitted) -> None:
        """Ask a cell's network, and store what came out; nothing if it is stored, or the base was not trained."""
        probe = self._lacking(planned)
        if probe is None:
            return
        from evaluators.engine.classifier import Classifier  # torch

        if isinstance(fitted, Classifier):
            self._bench.results.write("drift", drift_key(planned, probe), self._asked(planned, fitted, probe))

    def _lacking(self, planned: PlannedCell) -> Probe | None:
        """Return what a cell is to be asked and was not; None if nothing."""
        if planned.fit not in self._wanted:
            return None
        probe = probe_of(planned, self._bench.plan, self._bench.data)
        stored = probe is None or self._bench.results.intact("drift", drift_key(planned, probe))
        return None if stored else probe

    def _asked(self, planned: PlannedCell, fitted: Classifier, probe: Probe) -> Stored:
        from evaluators.engine.probing import pooled, probe_values

        bare = self._of_bare(planned, fitted.dtype, probe)
        after = pooled(fitted.network.backbone, probe.samples, fitted.dtype)
        values = probe_values(after, probe)
        facts = {
            "probe": probe.name,
            "samples": len(probe.samples),
            "cka": linear_cka(bare.features, after),
            "overlap": neighbour_overlap(bare.features, after),
            "before": None if bare.values is None else float(bare.values.mean()),
            "after": None if values is None else float(values.mean()),
        }
        arrays: dict[str, Vector] = {}
        if bare.values is not None and values is not None:
            arrays["forgotten"] = bare.values - values
        return Stored({"fitted": np.array([probe.fitted])} | arrays, facts)

    def _of_bare(self, planned: PlannedCell, dtype: str, probe: Probe) -> _Bare:
        from evaluators.engine.probing import pooled, probe_values

        key = (planned.cell.subject, dtype, probe.digest)
        if key not in self._bare:
            backbone = self._bench.backbone(planned, pretrained=True)
            features = pooled(backbone, probe.samples, dtype)
            self._bare[key] = _Bare(features, probe_values(features, probe))
        return self._bare[key]

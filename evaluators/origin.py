"""How a stored result came to be: what its fit cost, and where. It may be another machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from evaluators.cell import FitCost
from evaluators.observations import Environment


@dataclass(frozen=True)
class Origin:
    """What a fit cost, and the environment that computed it. Observed, so no part of any key."""

    cost: FitCost
    environment: Environment

    @property
    def facts(self) -> dict[str, Any]:
        """As a stored node holds it."""
        return {"cost": asdict(self.cost), "environment": self.environment.model_dump(mode="json")}


def origin_of(facts: Mapping[str, Any]) -> Origin:
    """Read what a stored node holds."""
    cost = {**facts["cost"], "remedies": tuple(facts["cost"].get("remedies", ()))}
    return Origin(FitCost(**cost), Environment.model_validate(facts["environment"]))

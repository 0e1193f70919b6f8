"""What of a plan is stored: by the names that the store lists, or by looking at every object.

Names are enough to say what is left; only what can be read back is not computed again.
"""

from __future__ import annotations

from evaluators.plan import Plan
from evaluators.results import ResultStore


def listed_cells(plan: Plan, results: ResultStore) -> frozenset[str]:
    """Return the keys of the cells whose predictions are all stored; on a remote place one listing tells.

    Raises:
        EnvironmentProblem: If the place cannot be read.
    """
    wanted = _predictions(plan)
    stored = results.stored("predict", {node for nodes in wanted.values() for node in nodes})
    return frozenset(key for key, nodes in wanted.items() if stored.issuperset(nodes))


def intact_cells(plan: Plan, results: ResultStore) -> frozenset[str]:
    """Return the keys of the cells whose predictions are all stored and can be read back.

    Each object is read once. What is damaged is computed again, and written over. So is what was computed in one pass
    with others that are not all there: a pass that a kill tore is run again whole, and the plan gives the bits that it
    would have given without the kill.

    Raises:
        EnvironmentProblem: If the place cannot be read.
    """
    wanted = _predictions(plan)
    listed = results.stored("predict", {node for nodes in wanted.values() for node in nodes})
    results.recollect("predict", listed)
    intact = {node for node in sorted(listed) if results.intact("predict", node)}
    whole = {key: nodes for key, nodes in wanted.items() if intact.issuperset(nodes)}
    company = {
        key: {other for node in nodes for other in results.read("predict", node).facts.get("together", ())}
        for key, nodes in whole.items()
    }
    elsewhere = {node for nodes in company.values() for node in nodes if node not in listed}
    there = intact | (results.stored("predict", elsewhere) if elsewhere else frozenset())
    return frozenset(key for key in whole if there.issuperset(company[key]))


def _predictions(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {p.cell.key: tuple(p.predict.values()) for p in plan.cells if not p.skipped}

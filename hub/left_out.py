"""Models of a catalog that an answer does not weigh, each with its reason. Pure."""

from __future__ import annotations

from evaluators.advice.limits import Excluded
from evaluators.candidate import Modality
from hub.card import Card
from hub.catalog import Catalog
from hub.policy import Policy
from hub.promotion_log import History, latest


def left_out(
    modality: Modality, weighed: tuple[str, ...], catalog: Catalog, history: History, policy: str = "default"
) -> tuple[Excluded, ...]:
    """Return why each other model that reads a modality was not weighed.

    Args:
        modality: What the data are.
        weighed: Models that were.
        catalog: Cards, locks and policies.
        history: What was promoted.
        policy: Whose rule says which licences are allowed.
    """
    rules = catalog.policies.get(policy)
    return tuple(
        Excluded(name, "", _reason(card, name, catalog, history, rules))
        for name, card in sorted(catalog.cards.items())
        if card.modality == modality and name not in weighed
    )


def _reason(card: Card, name: str, catalog: Catalog, history: History, rules: Policy | None) -> str:
    state = card.lifecycle.state
    if state == "proposed" or name not in catalog.locks:
        return "proposed: its bytes are not locked"
    if state == "retired":
        return f"{state}, so it is not for new work"
    for rule in rules.rules if rules else ():
        allowed = card.licence.use in rule.allow or card.licence.spdx in rule.allow
        if rule.kind == "licence" and rule.enabled and not allowed:
            return f"licence not allowed: {card.licence.spdx}, use: {card.licence.use}"
    if latest(history, name) is None:
        return f"not approved ({state}; --model NAME weighs it)"
    return "approved, but its bytes cannot be reached"

"""Whether a strategy makes sense on a base: decided from what is known of the base, before anything is loaded.

In: a row of the ladder and a candidate. Out: nothing, or the reason for which its cells are skipped. What only shows on
the machine that computes (a library that is missing) is told there, by `evaluators.engine.job.NotApplicable`.
"""

from __future__ import annotations

from evaluators.candidate import Candidate
from evaluators.ladder.row import Need, Strategy


def unfit(row: Strategy, candidate: Candidate) -> str | None:
    """Say why a strategy cannot be applied to a base, if it cannot."""
    for need in row.needs:
        if reason := _lacks(need, candidate):
            return f"{row.title} {reason}"
    return None


def _lacks(need: Need, candidate: Candidate) -> str | None:
    architecture = candidate.structure.architecture
    if need == "causal-lm":
        if candidate.modality == "text" and architecture.endswith(("ForCausalLM", "LMHeadModel")):
            return None
        return f"asks a causal language model for likelihoods, and {candidate.name} is a {architecture}"
    if candidate.library == "transformers" or "vit" in architecture or "deit" in architecture:
        return None
    return f"works on attention, and {candidate.name} is a {architecture}"

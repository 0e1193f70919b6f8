"""All outside checks, in the order in which they are run: the quick ones first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from evaluators.names import unknown_name
from evaluators.selfcheck.figure import AbsentError, Figure, Outcome


@dataclass(frozen=True)
class Check:
    """A published result that can be computed again.

    Attributes:
        id: `A1` to `A8` need no weights, `B1` and `B2` a base.
        title: What it is.
        place: `module:function`, imported when it is run: each needs libraries of its own.
    """

    id: str
    title: str
    place: str

    def run(self, data: Path) -> Iterator[Outcome]:
        """Yield each figure with what was found; where what it needs is absent, one that says so.

        Args:
            data: Folder of public data sets.
        """
        module, _, name = self.place.partition(":")
        function: Callable[[Path], Iterator[Outcome]] = getattr(
            import_module(f"{__package__}.{module}"), name
        )
        try:
            yield from function(data)
        except AbsentError as reason:
            yield Outcome(Figure(self.id, self.title, float("nan"), 0.0), None, str(reason))

    @property
    def source(self) -> str:
        """Where the published numbers stand."""
        found: str = import_module(f"{__package__}.{self.place.partition(':')[0]}").SOURCE
        return found


CHECKS = (
    Check("A3", "rank correlation of transferability scores", "model_ranking:check"),
    Check("A7", "statistics of claims", "claims:check"),
    Check("A8", "summaries of sample-efficiency curves", "curves:check"),
    Check("A4", "transferability scores", "transferability:check"),
    Check("A1", "Omniglot one-shot, modified Hausdorff", "omniglot:check"),
    Check("A5", "parameters and multiplications of networks", "network_costs:check"),
    Check("A2", "CLINC150, linear SVM", "intents:check"),
    Check("A6", "MTEB's draws of Banking77, and the floor of words", "mteb_draws:check"),
    Check("B1", "MiniLM on Banking77", "sentence_base:check_banking"),
    Check("B2", "MiniLM on SIB-200 in five languages", "sentence_base:check_languages"),
)


def checks_named(names: Sequence[str]) -> tuple[Check, ...]:
    """Return the checks of those names, in the suite's order; all if none is named.

    Raises:
        UsageProblem: If there is none of a name.
    """
    known = [check.id for check in CHECKS]
    wanted = {name.upper() for name in names}
    for name in sorted(wanted - set(known)):
        raise unknown_name("check", name, known)
    return tuple(check for check in CHECKS if not wanted or check.id in wanted)

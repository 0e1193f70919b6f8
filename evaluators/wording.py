"""How numbers and names are written for people: one way everywhere, so that two texts can be compared.

In: shares (0.912) and ids of the ladder. Out: text in per cent and points with one decimal, an interval
always beside the number. Pure, and light enough for the command line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from evaluators.errors import UsageProblem
from evaluators.estimate import Estimate, share_ends
from evaluators.observations import Environment
from evaluators.strategy import STRATEGIES, Strategy, strategy

_NOISE = re.compile(r"\((R|TM|tm|r)\)|@.*|\b\d+-Core\b|\b(Processor|CPU)\b")
METRIC_TITLES = {"accuracy": "accuracy", "macro_f1": "macro F1", "auroc": "AUROC"}


def percent(value: float) -> str:
    """Return a share in per cent with one decimal, never "-0.0"."""
    text = f"{100.0 * value:.1f}"
    return "0.0" if text == "-0.0" else text


def signed(value: float) -> str:
    """Return a difference in points with its sign; 0.0 has none."""
    text = percent(value)
    return text if text.startswith("-") or text == "0.0" else f"+{text}"


def score(estimate: Estimate) -> str:
    """Return a share as `91.2 [90.1, 92.3]`, or `91.2 (one run, no interval)`; the interval is cut at 0 and 100."""
    ends = share_ends(estimate)
    if ends is None:
        return amount(estimate)
    return amount(estimate.model_copy(update=dict(zip(("low", "high"), ends, strict=True))))


def amount(estimate: Estimate) -> str:
    """Return what may lie beyond 0 and 100 per cent, as a gap in points does: `3.0 [-2.9, 8.9]`."""
    return f"{percent(estimate.value)} {_interval(estimate)}"


def difference(estimate: Estimate) -> str:
    """Return `+24.3 [22.0, 26.5]`, in points."""
    return f"{signed(estimate.value)} {_interval(estimate)}"


def points(estimate: Estimate) -> str:
    """Return a difference with its interval where it has one: `+24.3 [22.0, 26.5]`, or `+24.3`."""
    return signed(estimate.value) if estimate.low is None else difference(estimate)


def loss(estimate: Estimate) -> str:
    """Return the size of a negative difference: `9.8 [8.0, 11.6]` for -9.8 [-11.6, -8.0]."""
    turned = {"value": -estimate.value, "low": _minus(estimate.high), "high": _minus(estimate.low)}
    return amount(estimate.model_copy(update=turned))


def compact(estimate: Estimate) -> str:
    """Return `91.2 ±1.1` (half the 95 % interval), for narrow columns."""
    if estimate.low is None or estimate.high is None:
        return f"{percent(estimate.value)} (n=1)"
    return f"{percent(estimate.value)} ±{percent((estimate.high - estimate.low) / 2.0)}"


def title(strategy_id: str) -> str:
    """Return a strategy's title as it stands inside a sentence; the id itself if there is no such row."""
    row = _row(strategy_id)
    if row is None:
        return strategy_id
    # "Linear probe" becomes "linear probe"; LoRA and TF-IDF stay what they are.
    word = row.title.split()[0]
    return row.title[0].lower() + row.title[1:] if word[1:].islower() else row.title


def learns(strategy_id: str) -> Literal["weights", "examples", "nothing"]:
    """Return what a strategy makes of labels, as its row says; of a row that is no longer there, that it trained."""
    row = _row(strategy_id)
    return "weights" if row is None else row.learns


def taught(strategy_id: str, labels: str) -> str:
    """Return what was done with labels: `trained on 300 labels`; `given 300 labels` where nothing is trained."""
    words = {"weights": f"trained on {labels}", "examples": f"given {labels}", "nothing": "without any label"}
    return words[learns(strategy_id)]


def ladder_position(strategy_id: str) -> tuple[int, float, int]:
    """Return what sorts strategies lightest first: rung, cost, row. Unknown ones come last."""
    row = _row(strategy_id)
    if row is None:
        return (99, 0.0, 0)
    return (row.tier.rung, row.cost.passes, STRATEGIES.index(row))


def is_baseline(strategy_id: str) -> bool:
    """Whether a strategy is a floor and no transfer."""
    row = _row(strategy_id)
    return row is not None and row.is_baseline


def metric_title(metric: str) -> str:
    """Return a metric's name for people."""
    return METRIC_TITLES.get(metric, metric)


def count(number: int, noun: str) -> str:
    """Return `1 run`, `5 runs`, `3,080 samples`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def cut(text: str, most: int) -> str:
    """Return a text of at most so many characters; an ellipsis stands for what is left out."""
    return text if len(text) <= most else text[: most - 1] + "\u2026"


def at_size(labels_per_class: int) -> str:
    """Return `2 labels a class`."""
    return f"{count(labels_per_class, 'label')} a class"


def duration(seconds: float) -> str:
    """Return `under 0.1 s`, `3.7 s`, `40 s`, `12 min`, `3.1 h`."""
    if seconds < 0.1:
        return "under 0.1 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def millions(parameters: int) -> str:
    """Return `22.7 M`, `0.38 M`, `940`."""
    if parameters < 1_000:
        return str(parameters)
    if parameters >= 1_000_000_000:
        return f"{parameters / 1e9:.1f} B"
    if parameters >= 10_000_000:
        return f"{parameters / 1e6:.1f} M"
    return f"{parameters / 1e6:.2f} M" if parameters >= 10_000 else f"{parameters / 1e3:.1f} k"


def milliseconds(seconds: float | None) -> str:
    """Return seconds as milliseconds with two digits that count; empty where too few calls were timed."""
    if seconds is None:
        return ""
    value = 1000.0 * seconds
    if value < 0.01:
        return "< 0.01"
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def byte_count(number: int) -> str:
    """Return bytes in the unit that people read: `5.0 kB`, `91 MB`."""
    value, unit = float(number), "B"
    for larger in ("kB", "MB", "GB"):
        if value < 1000.0:
            break
        value, unit = value / 1000.0, larger
    return f"{value:.1f} {unit}" if unit != "B" and value < 10.0 else f"{value:.0f} {unit}"


def machine_words(place: Environment) -> str:
    """Return a machine for people: `2 cores of AMD EPYC 9B14`, `NVIDIA H100 80GB HBM3`."""
    facts: Mapping[str, str] = place.hardware
    if place.device == "cuda" and "gpu" in facts:
        return facts["gpu"]
    name = " ".join(_NOISE.sub(" ", facts.get("cpu", "")).split()) or "a processor"
    cores = facts.get("cores", "")
    return f"{count(int(cores), 'core')} of {name}" if cores.isdigit() else name


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return "(one run, no interval)"
    return f"[{percent(estimate.low)}, {percent(estimate.high)}]"


def _minus(value: float | None) -> float | None:
    return None if value is None else -value


def _row(strategy_id: str) -> Strategy | None:
    try:
        return strategy(strategy_id)
    except UsageProblem:
        return None

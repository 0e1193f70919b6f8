"""What a sequence of looks was, in words: how often a task was looked at, and how it is judged therefore."""

from __future__ import annotations

from evaluators.evidence import Findings
from evaluators.statistics.sequential import level_words, nominal_level
from evaluators.wording import count, title


def looks_sentence(findings: Findings, task: str) -> str | None:
    """Return a sentence about a task; None where there was one look and no other was promised."""
    looks = findings.looks
    if looks is None:
        return None
    text = f"Look {looks.look(task)} of at most {looks.most}"
    row = looks.again.get(task)
    if row is not None:
        first = int(findings.protocol.get("runs", 1))
        longer = ", ".join(
            title(name) for name in dict.fromkeys(n for arms in row.arms.values() for n in arms)
        )
        text += f", with {count(first * row.look, 'run')} of {longer}"
        others = any(
            cell.strategy not in row.arms.get(cell.candidate, ())
            for cell in findings.cells
            if cell.task == task
        )
        text += f" and {first} of all others" if others else ""
    level = level_words(nominal_level(looks.most))
    return f"{text}. The gate judges each by {level} intervals or wider, so that all that were promised err in 5 %."

"""The model card of an adapted model: what it is, how good, from what, and how to use it. Pure."""

from __future__ import annotations

from evaluators.canonical import short
from evaluators.report.markdown import plain
from evaluators.strategy import strategy
from evaluators.wording import count, learns, metric_title, percent, score, taught
from hub.adapted.lineage import Adapted

_AGAIN = """
## {make} it again without us

`python recipe.py DATA` does the same in plain libraries and prints the accuracy on the same held-out rows
({accuracy} here); with `--out DIR` it takes all rows. It is a page to read and to change: it is yours, and no part
of the lineage.
"""


def adapted_card(adapted: Adapted, *, recipe: bool = False) -> str:
    """Return the card as Markdown, ending in a newline; `recipe` says whether `recipe.py` stands beside it."""
    row = strategy(adapted.strategy)
    held_out, metric = adapted.score.estimate, metric_title(adapted.score.metric)
    approved = (
        f"approved (record `{short(adapted.base_record)}`)"
        if adapted.base_record
        else "not approved for any task"
    )
    settings = ", ".join(f"{name}={value}" for name, value in sorted(adapted.settings.items())) or "none"
    shown = ", ".join(plain(label) for label in adapted.labels[:20])
    more = f" and {len(adapted.labels) - 20} more" if len(adapted.labels) > 20 else ""
    caveat = f"\n{adapted.caveat}" if adapted.caveat else ""
    make = "Train" if learns(adapted.strategy) == "weights" else "Make"
    again = _AGAIN.format(make=make, accuracy=percent(adapted.score.accuracy.value)) if recipe else ""
    example = '"..."' if adapted.base.modality == "text" else '"photo.jpg"'
    return f"""# {plain(adapted.name)}

{row.title} on {plain(adapted.base.name)}, for {plain(adapted.task)}: {count(len(adapted.labels), "label")}.

**{score(held_out)} {metric}** on {count(held_out.n, "sample")} held out, {_taught(adapted)}; how good
that one is on samples of another time or place was not measured.{caveat}

| fact | value |
|---|---|
| base | {plain(adapted.base.name)}@`{adapted.base.digest}`, {approved} |
| strategy | {adapted.strategy}: {plain(row.trains)} |
| settings | {plain(settings)} |
| seed | {adapted.seed} |
| data | `{adapted.task_digest}` |
| labels | {shown}{more} |
| made | {adapted.created}, {adapted.environment.device}, Python {adapted.environment.python} |

## Use it

```python
import hub

model = hub.load_adapted("{adapted.name}")
model.predict([{example}])
```
{again}
`base/` holds the base's own files; `.hub/adapted.json` says where all of this came from, with digests.
"""


def _taught(adapted: Adapted) -> str:
    """Return what was done with which labels, for the score and then for the model in the folder."""
    fewer = count(adapted.score.trained_on, "label")
    kind = learns(adapted.strategy)
    if kind == "nothing":
        return "without reading a label. The model in this folder reads none either"
    how = "by the same training on" if kind == "weights" else "by the same strategy with"
    return f"{how}\n{fewer}. The model in this folder was {taught(adapted.strategy, f'all {adapted.trained_on:,}')}"

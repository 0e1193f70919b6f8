"""What MLflow shows of an adapted model: from its record alone, because it has no card.

In: the record. Out: Markdown and tags, under the limits that `hub.describe` keeps. Display, never authority.
"""

from __future__ import annotations

from evaluators.canonical import short
from evaluators.report.markdown import plain
from evaluators.wording import count, title
from hub.adapted.lineage import Adapted
from hub.describe import MAX_DESCRIPTION
from hub.promotion_log import AdaptedFrom, Record

KIND_TAG = "hub.kind"
BASE_TAG = "hub.base"
ADAPTED = "adapted"
_MAX_TAG = 250
_MAX_REASON = 400


def describe_adapted(record: Record, adapted: AdaptedFrom, *, base_stands: bool) -> str:
    """Return a registered adapted model's description.

    Args:
        record: The newest record about it.
        adapted: Where it comes from.
        base_stands: Whether its base is still approved.
    """
    task = record.tasks[0]
    status = _status(record, base_stands=base_stands)
    how = title(adapted.strategy)
    lines = [
        f"{how[:1].upper()}{how[1:]} on {plain(adapted.base)}, for {plain(task.task)}. It answers with labels.",
        "",
        f"**{status.capitalize()}**: version {record.version}, {record.created[:10]}, by {plain(record.approver)}: "
        f"{plain(record.reason)[:_MAX_REASON]}",
        "",
        f"**{plain(task.score)}**, on the locked test of {plain(task.task)}, data `{short(task.task_digest)}`.",
        "",
        "**Use it**",
        "",
        "```",
        "pip install basehub",
        f"hub pull {record.model}",
        "",
        "# in Python",
        "import hub",
        f'hub.load("{record.model}").predict(["..."])',
        "",
        "# without a project",
        "import mlflow",
        f'mlflow.pyfunc.load_model("models:/{record.model}@{record.alias}").predict(["..."])',
        "```",
        "",
        f"- base: {plain(adapted.base)}, digest `{short(adapted.base_digest)}`, record `{short(adapted.base_record)}`",
        f"- trained on: {count(task.labels, 'label')}, by its maker's word",
        f"- size: {sum(entry.size for entry in record.files) / 2**20:,.1f} MiB in {count(len(record.files), 'file')}",
        f"- findings: `{short(record.findings_digest)}`, policy {plain(record.policy)} `{short(record.policy_digest)}`",
    ]
    return "\n".join(lines)[:MAX_DESCRIPTION]


def adapted_tags(record: Record, adapted: AdaptedFrom, *, base_stands: bool) -> dict[str, str]:
    """Return an adapted model's tags in the order they must be created: the UI shows the first three."""
    task = record.tasks[0]
    return {
        "status": _status(record, base_stands=base_stands),
        "task": task.task[:_MAX_TAG],
        "score": task.score[:_MAX_TAG],
        KIND_TAG: ADAPTED,
        BASE_TAG: adapted.lineage,
        "strategy": adapted.strategy,
        "digest": record.model_digest,
    }


def describe_new_adapted(name: str) -> str:
    """Return the description of one that has no record yet."""
    return f"{plain(name)}: an adapted model. **Not approved.** Its promotion has not come to its end.\n"


def new_adapted_tags(adapted: Adapted) -> dict[str, str]:
    """Return the tags of one that has no record yet, in the same order."""
    return {
        "status": "not approved",
        "task": adapted.task[:_MAX_TAG],
        "score": "none",
        KIND_TAG: ADAPTED,
        BASE_TAG: adapted.lineage,
        "strategy": adapted.strategy,
    }


def _status(record: Record, *, base_stands: bool) -> str:
    if record.action == "withdraw":
        return "withdrawn"
    return "approved" if base_stands else "base withdrawn"

"""Logging an evaluation to MLflow: never in the way of the result, and completed later where it could not be.

In: evidence and decisions. Out: a sentence. What shall be logged is kept first, then sent beside and waited for so long
and no longer: a server that is dead or hangs costs at most `PATIENCE` seconds, once, at the end.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from evaluators.errors import ReportedError
from evaluators.evidence import Evidence
from evaluators.report.example import Example
from evaluators.wording import count
from hub.bounded import Beside
from hub.decision import Decision
from hub.home import Home
from hub.live_log import LiveLog
from hub.registry.address import tracking_address, without_credentials
from hub.unlogged import Unlogged, all_unlogged, forget, keep_unlogged

#: Seconds that logging may keep an evaluation waiting when all else is done.
PATIENCE = 60.0
LATER = "hub evaluate --resume completes it"


def log_to_mlflow(
    evidence: Evidence,
    decisions: tuple[Decision, ...],
    home: Home,
    examples: Sequence[Example] = (),
    *,
    live: LiveLog | None = None,
    patience: float = PATIENCE,
) -> tuple[str, bool]:
    """Log an evaluation; if MLflow cannot be reached or is not installed, go on: the evidence is on disk.

    Args:
        evidence: What was measured.
        decisions: One a model.
        home: Where to log if no address is set, and where is kept what could not be logged.
        examples: Items for the page, which is written here, where the data are at hand.
        live: What told the server how far it was; it is done first.
        patience: Seconds to wait.

    Returns:
        What to say, and whether it is a warning.
    """
    if find_spec("mlflow") is None:
        return "not logged to MLflow: mlflow is not installed (pip install 'basehub[registry]')", False
    address = tracking_address(os.environ, home)
    try:
        kept = keep_unlogged(
            evidence, address, home, lambda folder: _write_pages(folder, evidence, decisions, examples)
        )
    except ModuleNotFoundError as error:
        return f"not logged to MLflow: {error.name} is not installed (pip install 'basehub[registry]')", False
    return _send(kept, address, home, live, patience)


def complete_logs(home: Home, *, patience: float = PATIENCE) -> tuple[tuple[str, bool], ...]:
    """Log what earlier evaluations could not; return what to say of each, as `log_to_mlflow` does.

    What was meant for another server than MLFLOW_TRACKING_URI names now is left alone, and told.
    """
    address = tracking_address(os.environ, home)
    told = []
    for row in all_unlogged(home):
        if row.record.address != without_credentials(address):
            wanted = f"set MLFLOW_TRACKING_URI={row.record.address} and run it again"
            told.append((f"the evaluation of {row.record.created} is for another server: {wanted}", True))
            continue
        told.append(_send(row, address, home, None, patience))
    return tuple(told)


def unlogged_words(home: Home) -> str | None:
    """Say how many evaluations are not in MLflow yet, and the next step; None if there is none."""
    waiting = all_unlogged(home)
    if not waiting:
        return None
    where = ", ".join(sorted({row.record.address for row in waiting}))
    return f"{count(len(waiting), 'evaluation')} not logged to {where}: hub evaluate --resume"


def _send(
    kept: Unlogged, address: str, home: Home, live: LiveLog | None, patience: float
) -> tuple[str, bool]:
    def send() -> str:
        from hub.tracking.live_run import origin_tag
        from hub.tracking.mlflow_runs import log_evaluation

        if live is not None:
            live.settle(patience)
        where = log_evaluation(kept.evidence(), kept.files, address, origin_tag(home.root))
        forget(kept)
        return where

    try:
        where = Beside(send, "logging to MLflow").result(patience)
    except ReportedError as error:
        return f"not logged to MLflow: {error.message}; {LATER}", True
    if where is None:
        return f"not logged to MLflow: it did not end within {patience:.0f} s; {LATER}", True
    return f"logged to MLflow: {where}", False


def _write_pages(
    folder: Path, evidence: Evidence, decisions: tuple[Decision, ...], examples: Sequence[Example]
) -> None:
    from evaluators.report.plots import write_plots
    from hub.report import decision_report
    from hub.report_page import report_page

    for decision in decisions:
        page = folder / f"report-{decision.model}.md"
        page.write_text(decision_report(decision, evidence), encoding="utf-8")
    # MLflow shows it in a frame that may run scripts and ask nobody for anything; so it is one file.
    (folder / "report.html").write_bytes(report_page(decisions, evidence, examples=examples).encode("utf-8"))
    write_plots(evidence.findings, folder)

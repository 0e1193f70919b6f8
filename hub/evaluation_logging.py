"""Logging an evaluation to MLflow: never in the way of the result."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from evaluators.errors import ReportedError
from evaluators.evidence import Evidence, evidence_to_json
from evaluators.report.example import Example
from hub.decision import Decision
from hub.home import Home
from hub.registry.address import tracking_address


def log_to_mlflow(
    evidence: Evidence, decisions: tuple[Decision, ...], home: Home, examples: Sequence[Example] = ()
) -> tuple[str, bool]:
    """Log an evaluation; if MLflow cannot be reached or is not installed, go on: the evidence is on disk.

    Args:
        evidence: What was measured.
        decisions: One a model.
        home: Where to log if no address is set.
        examples: Items for the page, which is written here, where the data are at hand.

    Returns:
        What to say, and whether it is a warning.
    """
    try:
        from evaluators.report.plots import write_plots
        from hub.report import decision_report
        from hub.report_page import report_page
        from hub.tracking.mlflow_runs import log_evaluation

        with tempfile.TemporaryDirectory(prefix="hub-report-") as name:
            folder = Path(name)
            (folder / "evidence.json").write_text(evidence_to_json(evidence), encoding="utf-8")
            for decision in decisions:
                page = folder / f"report-{decision.model}.md"
                page.write_text(decision_report(decision, evidence), encoding="utf-8")
            # MLflow shows it in a frame that may run scripts and ask nobody for anything; so it is one file.
            (folder / "report.html").write_bytes(
                report_page(decisions, evidence, examples=examples).encode("utf-8")
            )
            write_plots(evidence.findings, folder)
            files = {path.name: path for path in sorted(folder.iterdir())}
            where = log_evaluation(evidence, files, tracking_address(os.environ, home))
    except ModuleNotFoundError as error:
        return f"not logged to MLflow: {error.name} is not installed (pip install 'basehub[registry]')", False
    except ReportedError as error:
        return f"not logged to MLflow: {error.message}", True
    return f"logged to MLflow: {where}", False

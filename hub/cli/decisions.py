"""`hub decide` and `hub report`: stored evidence judged again, and as a page."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import click

from evaluators.artifact_evidence import ArtifactEvidence
from evaluators.errors import UsageProblem
from evaluators.evidence import Evidence
from hub.catalog import Catalog
from hub.cli.options import catalog_option, format_option, home, open_catalog
from hub.cli.output import Output
from hub.cli.page_file import write_page
from hub.cli.telling import drawn, tell_decision, tell_evaluation
from hub.decision import Decision
from hub.evidence_folder import newest_artifact_evidence, newest_evidence, read_any_evidence, read_evidence
from hub.gate import decide as judge
from hub.log_cache import known_history
from hub.registry.address import registry_address
from hub.signing import open_keyring

policy_option = click.option(
    "--policy", default="default", show_default=True, help="Rules that judge the report."
)


@click.command()
@click.argument("evidence", metavar="REPORT")
@policy_option
@click.option("--gate", is_flag=True, help="Exit with 3 unless every model is approved.")
@click.option(
    "--on",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="Judge as on this day: reviews and exceptions end on days. Default: today.",
)
@catalog_option
@format_option
def decide(
    evidence: str,
    policy: str,
    gate: bool,
    day: dt.datetime | None,
    catalog_folder: Path | None,
    output: Output,
) -> None:
    """Judge REPORT again: a file, or a model's name for its newest one here.

    Nothing is measured. After a change of policy this says in a second what it changes. With --on the verdict is
    that of REPORT, catalog, policy and day alone: replayed, it is the same byte for byte.
    """
    catalog = open_catalog(catalog_folder)
    _, document = find_evidence(evidence)
    decisions = decisions_of(document, catalog, policy, today=day.date() if day else None)
    output.data([decision.model_dump(mode="json") for decision in decisions])
    for decision in decisions:
        tell_decision(decision, output)
        output.essential(f"{decision.model} {decision.verdict}")
    if gate and any(decision.verdict != "approved" for decision in decisions):
        raise SystemExit(3)


@click.command()
@click.argument("evidence", metavar="REPORT")
@policy_option
@click.option("--markdown", is_flag=True, help="Print Markdown, for a pull request or a page.")
@click.option(
    "--html",
    "html_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the page to FILE: one file with figures, for a browser.",
)
@click.option(
    "--plots", type=click.Path(file_okay=False, path_type=Path), help="Also write the plots to this folder."
)
@catalog_option
@format_option
def report(
    evidence: str,
    policy: str,
    markdown: bool,
    html_file: Path | None,
    plots: Path | None,
    catalog_folder: Path | None,
    output: Output,
) -> None:
    """Show REPORT as a page: a file, or a model's name for its newest one here.

    Of a model that `hub adapt` made: what `hub promote --adapted` measured.
    """
    from hub.report import decision_report

    catalog = open_catalog(catalog_folder)
    path = _path_of(evidence)
    document = read_any_evidence(path, open_keyring(home().keys))
    if isinstance(document, ArtifactEvidence):
        if plots is not None:
            raise UsageProblem("an adapted model has no curves to plot", hint="leave --plots out")
        decision = _judge_adapted(document, catalog, policy)
        _report_adapted(document, decision, path, output, markdown=markdown)
        if html_file is not None:
            from hub.adapted.report import adapted_page

            write_page(html_file, adapted_page(decision, document), output)
        return
    decisions = decisions_of(document, catalog, policy)
    if markdown:
        click.echo("\n\n".join(decision_report(decision, document) for decision in decisions))
    else:
        tell_evaluation(document, decisions, path, None, output)
    if html_file is not None:
        from hub.report_page import report_page

        history, _ = known_history(home(), registry_address(os.environ, home()))
        write_page(html_file, report_page(decisions, document, history.records), output)
    if plots is not None:
        from evaluators.report.plots import write_plots

        for picture in write_plots(document.findings, plots):
            output.note(f"written: {picture}")


def find_evidence(name: str) -> tuple[Path, Evidence]:
    """Return evidence about bases by its path or by a model's name, its signature checked."""
    path = _path_of(name)
    return path, read_evidence(path, open_keyring(home().keys))


def _path_of(name: str) -> Path:
    """Return the evidence file that is meant: a path, or the newest about a model."""
    path = Path(name)
    if path.is_file():
        return path
    if path.suffix == ".json":
        raise UsageProblem(f"there is no file {name}", hint="evidence lies under HUB_HOME/evidence")
    return newest_artifact_evidence(home(), name) or newest_evidence(home(), name)


def _judge_adapted(document: ArtifactEvidence, catalog: Catalog, policy: str) -> Decision:
    """Judge what the promotion of an adapted model measured, under the policy of today."""
    from hub.adapted.report import judge_again

    history, _ = known_history(home(), registry_address(os.environ, home()))
    today = dt.datetime.now(dt.UTC).date()
    return judge_again(document, catalog, policy, history, today=today)


def _report_adapted(
    document: ArtifactEvidence, decision: Decision, path: Path, output: Output, *, markdown: bool
) -> None:
    """Show what the promotion of an adapted model measured, and its decision."""
    from evaluators.report.artifact import artifact_table
    from hub.adapted.report import adapted_report

    if markdown:
        click.echo(adapted_report(decision, document))
        return
    value = {
        "evidence": str(path),
        "findings": document.findings.model_dump(mode="json"),
        "decision": decision.model_dump(mode="json"),
    }
    output.data(value, drawn(artifact_table(document.findings, narrow=True)))
    tell_decision(decision, output)
    output.essential(f"{decision.model} {decision.verdict}")
    output.note(f"evidence: {path}")


def decisions_of(
    evidence: Evidence, catalog: Catalog, policy: str, *, today: dt.date | None = None
) -> tuple[Decision, ...]:
    """Judge every candidate of the evidence; `today` is another day than this one."""
    today = today or dt.datetime.now(dt.UTC).date()
    rules = catalog.policy(policy)
    names = [facts.name for facts in evidence.findings.candidates if facts.role == "candidate"]
    missing = [name for name in names if name not in catalog.locks]
    if missing:
        raise UsageProblem(
            f"the catalog has no locked card for {', '.join(missing)}", hint="see `hub list --all`"
        )
    return tuple(
        judge(catalog.card(name), catalog.locks[name], evidence, rules, today=today) for name in names
    )

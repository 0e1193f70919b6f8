"""`hub promote` and `hub history`: an approval on record, and the record of approvals."""

from __future__ import annotations

import datetime as dt
import getpass
import os
from pathlib import Path

import click

from evaluators.errors import UsageProblem
from evaluators.names import unknown_name
from hub.cli.adapted_promotion import approved_table, promote_an_adapted
from hub.cli.decisions import decisions_of, find_evidence, policy_option
from hub.cli.options import (
    catalog_option,
    format_option,
    home,
    open_catalog,
    refresh_published,
    results_option,
)
from hub.cli.output import Output, Table
from hub.log_cache import known_history, remember
from hub.promotion_log import ApprovedTask, read_history, utc
from hub.registry.address import registry_address
from hub.signing import open_keyring, open_signer


@click.command(
    epilog='\b\nhub promote all-minilm-l6-v2 --reason "beats TF-IDF at every size"\n'
    'hub promote --adapted queue-router --reason "better than last year\'s"'
)
@click.argument("model", required=False)
@click.option(
    "--adapted",
    type=click.Path(file_okay=False, path_type=Path),
    help="Instead of MODEL: a folder that `hub adapt --task` wrote, measured on the test that is kept closed.",
)
@click.option("--name", help="With --adapted: what it is called in the registry. Default: as the folder.")
@click.option("--reason", required=True, help="Why, in a sentence; stands in the record for ever.")
@click.option(
    "--despite-doubt",
    is_flag=True,
    help="Append although the end of the log is damaged; what stands there counts no more.",
)
@click.option("--evidence", help="File of a report. Default: the newest about MODEL on this machine.")
@policy_option
@results_option
@catalog_option
@format_option
def promote(
    model: str | None,
    adapted: Path | None,
    name: str | None,
    reason: str,
    despite_doubt: bool,
    evidence: str | None,
    policy: str,
    results: str | None,
    catalog_folder: Path | None,
    output: Output,
) -> None:
    """Approve MODEL for the tasks that the rules let it pass.

    Judges the report again by the policy, signs with your key that the model is approved, and shows it in MLflow: the
    version around the exact bytes, description, tags and alias. Promoting the same again writes nothing.

    With --adapted: an adapted model, whose base must be approved for the task. It is measured here, on the
    task's closed test, against the adapted model that is approved now and what the same labels give without a base.
    """
    if adapted is not None:
        if model is not None or evidence is not None:
            raise UsageProblem(
                "--adapted takes no MODEL and no --evidence: the folder is measured here",
                hint="leave them out; --name says what it is called",
            )
        from hub.adapted.record import AskedToPromote

        asked = AskedToPromote(
            folder=adapted,
            name=name,
            reason=reason,
            policy=policy,
            who=getpass.getuser(),
            now=dt.datetime.now(dt.UTC),
            results=results,
            despite_doubt=despite_doubt,
        )
        promote_an_adapted(asked, open_catalog(catalog_folder), output)
        return
    if model is None or name is not None or results is not None:
        stray = "--name" if name is not None else "--results"
        raise UsageProblem(
            "name the MODEL to approve" if model is None else f"{stray} goes with --adapted",
            hint="hub promote MODEL, or hub promote --adapted DIR",
        )
    from hub.fetch import fetch
    from hub.promote import promote as append
    from hub.promotion_request import PromotionRequest
    from hub.registry.mlflow_log import RegistryLog
    from hub.registry.open import open_registry

    place, catalog = home().ready(), open_catalog(catalog_folder)
    card = catalog.card(model)
    path, document = find_evidence(evidence or model)
    decision = next((row for row in decisions_of(document, catalog, policy) if row.model == model), None)
    if decision is None:
        raise UsageProblem(f"{path} is not about {model}", hint=f"hub evaluate {model} --task TASK --final")
    with output.transfers("verifying") as tell:
        _, folder = fetch(card, catalog, place, tell)
    request = PromotionRequest(
        card=card,
        lock=catalog.locks[model],
        folder=folder,
        decision=decision,
        evidence=document,
        policy=catalog.policy(policy),
        reason=reason,
        now=dt.datetime.now(dt.UTC),
        despite_doubt=despite_doubt,
    )
    registry = open_registry(os.environ, place)
    log, signer = RegistryLog(registry), open_signer(place.keys)
    keys, told = open_keyring(place.keys), list[str]()
    with output.status() as doing:

        def say(sentence: str) -> None:
            told.append(sentence)
            doing(sentence)

        record = append(request, registry, log=log, signer=signer, keys=keys, tell=say)
    for sentence in told:
        output.note(sentence)
    remember(place, registry_address(os.environ, place), log.entries(), now=utc(dt.datetime.now(dt.UTC)))
    output.data(record.model_dump(mode="json"), approved_table(record))
    output.essential(f"{record.model}:{record.version}")
    output.note(f"next: hub pull {record.model}   in a project; or hub server, to look at it")


@click.command()
@click.argument("model", required=False)
@click.option(
    "--refresh", is_flag=True, help="Read the log from the registry now, not as it was last read here."
)
@format_option
def history(model: str | None, refresh: bool, output: Output) -> None:
    """Say who approved what, when and on which report; for one MODEL or all, newest first."""
    place = home()
    address = registry_address(os.environ, place)
    if refresh:
        from hub.registry.mlflow_log import LogReader
        from hub.registry.open import open_reader

        reader = open_reader(os.environ, place.ready())
        entries = LogReader(reader).entries()
        remember(place, address, entries, now=utc(dt.datetime.now(dt.UTC)))
        refresh_published(place, reader, output)
        found, read_at = read_history(entries, open_keyring(place.keys)), "now"
    else:
        found, read_at = known_history(place, address)
    known = {record.model for record in found.records}
    if model is not None and known and model not in known:
        raise unknown_name("promoted model", model, known)
    records = [record for record in reversed(found.records) if model in (None, record.model)]
    rows = tuple(
        (
            str(r.sequence),
            r.created[:10],
            f"{r.action} {r.model}:{r.version} as {r.alias}"
            + (f", on {r.adapted.base}" if r.adapted else ""),
            ", ".join(_for(task) for task in r.tasks),
            r.approver,
            r.reason,
        )
        for r in records
    )
    output.data(
        {"records": [record.model_dump(mode="json") for record in records], "problems": list(found.problems)},
        Table(("", "date", "what", "for", "by", "why"), rows, wrap=frozenset({"what", "for", "by", "why"})),
    )
    for problem in found.problems:
        output.warn(problem)
    if not records:
        output.note(f"no records known here (log read: {read_at}); hub history --refresh reads the registry")


def _for(task: ApprovedTask) -> str:
    waived = "; ".join(waiver.words for waiver in task.waivers)
    return f"{task.task} {100 * task.value:.1f}" + (f" ({waived})" if waived else "")

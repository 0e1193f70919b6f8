"""`hub promote --adapted` as a person runs it, on a registry of its own: approval, the same again, refusal, pull."""

from __future__ import annotations

import json

import pytest
import yaml

from hub.lock import write_lock
from hub.registry.open import open_registry
from hub.signing import open_signer
from tests.html_reading import Page
from tests.hub.workshop import BASE, TASK, Workshop


@pytest.fixture
def workshop(tmp_path, run_hub, monkeypatch) -> Workshop:
    """A workshop whose home and catalog are those of the command line."""
    made = Workshop(tmp_path)
    monkeypatch.setenv("HUB_HOME", str(made.home.root))
    monkeypatch.setenv("HUB_CATALOG", str(made.folder / "catalog"))
    monkeypatch.delenv("HUB_RESULTS", raising=False)
    models = made.folder / "catalog" / "models"
    card = made.card().model_dump(mode="json", by_alias=True, exclude_none=True)
    card["review_by"] = made.card().review_by
    card["lifecycle"]["since"] = made.card().lifecycle.since
    (models / f"{BASE}.yaml").write_text(yaml.safe_dump(card))
    write_lock(models / f"{BASE}.lock.json", made.lock())
    made.signer = open_signer(made.home.keys)
    return made


@pytest.mark.slow
def test_an_adapted_model_from_the_folder_to_the_project(workshop, run_hub, tmp_path, monkeypatch):
    folder = workshop.adapt("letter-router")
    refused = run_hub("promote", "--adapted", str(folder), "--reason", "good")
    assert refused.exit_code == 3
    assert "letters-base is approved for nothing" in refused.stderr

    workshop.approve_base(open_registry({}, workshop.home))
    done = run_hub("promote", "--adapted", str(folder), "--reason", "knows letters", "--format", "json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["adapted"]["base"] == BASE
    again = run_hub("promote", "--adapted", str(folder), "--reason", "knows letters")
    assert (again.exit_code, "already promoted: record 2" in again.stderr) == (0, True)

    weaker = workshop.adapt("weaker", wrong=0.5)
    worse = run_hub("promote", "--adapted", str(weaker), "--reason", "newer")
    assert worse.exit_code == 3
    assert "REFUSED" in worse.stdout
    assert "right only here" in " ".join(worse.stdout.split())
    assert "Traceback" not in worse.stderr

    page = run_hub("report", "letter-router")
    assert (page.exit_code, "approved for letters" in " ".join(page.stdout.split())) == (0, True)
    table, _, _ = page.stdout.partition("APPROVED")
    assert "majority class" in table
    assert max(len(line.rstrip()) for line in table.splitlines()) <= 80
    assert run_hub("report", "letter-router", "--plots", "plots").exit_code == 2
    written = run_hub("report", "weaker", "--html", str(tmp_path / "pages" / "weaker.html"))
    assert (written.exit_code, "weaker.html" in "".join(written.stderr.split())) == (0, True)
    html = Page((tmp_path / "pages" / "weaker.html").read_text())
    assert html.named("h1")[0].text == "✗ weaker: refused"
    assert "letter-router, incumbent" in html.named("table")[-1].text
    assert run_hub("decide", "weaker", "--format", "json").exit_code == 2
    markdown = run_hub("report", "weaker", "--markdown").stdout
    assert markdown.startswith("# weaker: refused")
    assert "letter-router, incumbent" in markdown
    assert "| gain-over-incumbent | fail |" in markdown

    assert "letter-router" in run_hub("list").stdout
    shown = run_hub("show", "letter-router").stdout
    assert f"{BASE}@{workshop.candidate.digest}"[:40] in "".join(shown.split())
    history = json.loads(run_hub("history", "letter-router", "--format", "json").stdout)
    assert [record["adapted"]["base"] for record in history["records"]] == [BASE]

    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    assert run_hub("pull", "letter-router").exit_code == 0
    assert run_hub("verify", "models/letter-router").exit_code == 0


@pytest.mark.slow
def test_what_was_adapted_says_what_comes_before_its_approval(workshop, run_hub, tmp_path):
    into = str(tmp_path / "router")
    adapting = ("adapt", BASE, "--task", TASK, "--strategy", "knn", "--into", into, "--no-log")
    done = run_hub(*adapting)
    assert done.exit_code == 0, done.stderr
    said = " ".join(done.stderr.split())
    assert f"its base first: hub evaluate {BASE} --task {TASK} --final, then hub promote {BASE}" in said
    assert "recipe.py DATA" in said
    workshop.approve_base(open_registry({}, workshop.home))
    assert run_hub("history", "--refresh").exit_code == 0
    assert "to approve it: hub promote --adapted" in " ".join(run_hub(*adapting).stderr.split())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "name the MODEL to approve"),
        (("--name", "x"), "name the MODEL to approve"),
        ((BASE, "--name", "x"), "--name goes with --adapted"),
        ((BASE, "--results", "x"), "--results goes with --adapted"),
        ((BASE, "--adapted", "x"), "--adapted takes no MODEL"),
        (("--adapted", "nowhere"), "is no adapted model"),
    ],
)
def test_options_that_do_not_go_together_are_told(workshop, run_hub, options, said):
    done = run_hub("promote", *options, "--reason", "good")
    assert done.exit_code == 2
    assert said in done.stderr
    assert TASK not in done.stderr

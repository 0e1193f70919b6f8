"""What `hub plan` prints for a person: in 80 columns, each fact once, and only facts that there are."""

import pytest

from evaluators.recall import Recall
from evaluators.results import ResultStore
from evaluators.running.executor import InProcessExecutor
from evaluators.running.run import run_plan
from evaluators.running.workbench import Workbench
from hub.cli.costs import tell_plan
from hub.cli.output import Output
from hub.computing import appraise
from hub.evaluating import Planned
from hub.home import Home
from hub.preparation import Prepared
from tests.evaluators.toy_plans import toy_plan, toy_protocol


@pytest.fixture
def told(tmp_path, capsys, monkeypatch):
    """Return what is printed of a plan over the toy task, by fact."""
    monkeypatch.setenv("COLUMNS", "80")

    def tell(*, computed=False, **protocol):
        plan, data = toy_plan(tmp_path, protocol=toy_protocol(**protocol))
        results = ResultStore(tmp_path / "results", Recall())
        if computed:
            list(run_plan(plan, results, InProcessExecutor(Workbench(plan, data, {}, results, "cpu"))))
        home = Home(tmp_path / "home")
        prepared = Prepared(plan, data, {"colours": {"all": tmp_path / "colours.csv"}}, {})
        cost = appraise(prepared, results, home, device="cpu").cost
        tell_plan(Planned(prepared, cost), home, Output(), out=None)
        return capsys.readouterr().out

    return tell


def line(text, fact):
    (found,) = (row for row in text.splitlines() if row.startswith(fact))
    return " ".join(found.split())


def test_it_fits_a_terminal_and_says_what_sharing_saves(told):
    text = told(strategies=("majority", "knn", "linear-probe", "partial-freeze", "partial-freeze-last"))
    assert max(len(row.rstrip()) for row in text.splitlines()) <= 80
    assert "without sharing" in line(text, "encode")
    assert "FLOPs (" in line(text, "sharing saves")


def test_a_plan_that_encodes_nothing_says_nothing_of_encoding(told):
    text = told(strategies=("majority", "tfidf-logreg"))
    assert "\nencode" not in text
    assert "\nfrozen" not in text
    assert line(text, "sharing saves").startswith("sharing saves nothing")


def test_what_is_stored_is_counted_and_nothing_else_is_estimated(told):
    text = told(computed=True, strategies=("majority", "tfidf-logreg"))
    assert line(text, "measurements").startswith("measurements 8 of 8 already measured, in")
    assert line(text, "time") == "time none: nothing is to be computed"
    assert "roofline" not in text


def test_a_reason_for_skipping_is_said_once_for_all_that_it_concerns(told):
    text = told(strategies=("prompt-tuning", "prefix-tuning"), labels_per_class=(1, 500, 900))
    skipped = " ".join(text[text.index("\nskipped") :].split())
    assert skipped.count("at 500 labels a class: ") == skipped.count("at 900 labels a class: ") == 1


def test_what_a_base_cannot_have_is_skipped_whatever_the_size(told):
    text = told(strategies=("majority", "in-context-4"))
    skipped = " ".join(text[text.index("\nskipped") :].split())
    assert skipped.startswith("skipped 4 measurements: In context (4 examples) asks a causal language model")

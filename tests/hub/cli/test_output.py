"""What is printed where nobody looks, and what an approval must not hide."""

from hub.cli.output import Output, Table
from hub.cli.telling import advice_not_met, tell_decision
from hub.gate import decide
from hub.teller import Teller
from tests import approval, synthetic

LONG = Table(("name", "text"), (("a", "word " * 40),), wrap=frozenset({"text"}))


def widest(capsys) -> int:
    return max(len(line.rstrip()) for line in capsys.readouterr().out.splitlines())


def test_a_pipe_is_100_columns_wide_unless_somebody_says_otherwise(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    Output().show(LONG)
    assert 80 < widest(capsys) <= 100
    monkeypatch.setenv("COLUMNS", "80")
    Output().show(LONG)
    assert widest(capsys) <= 80


def test_the_title_of_a_narrow_table_takes_the_width_of_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    title = "a title [of] a table that is wider than its two short columns are"
    Output().show(Table(("a", "b"), (("1", "2"),), title=title))
    assert capsys.readouterr().out.splitlines()[0].rstrip() == title
    Output().show(Table(("a", "b"), (("1", "2"),), title="word " * 40))
    assert widest(capsys) <= 80


def test_the_notebooks_teller_is_heard_and_not_quiet(capsys):
    Teller().note("something to know")
    assert "something to know" in capsys.readouterr().err


def test_advice_that_is_not_met_stands_below_the_verdict(capsys):
    card, lock = approval.card(), approval.lock()
    decision = decide(
        card, lock, synthetic.evidence(approval.world(card, lock)), approval.policy(), today=approval.TODAY
    )
    rules = tuple(
        row.model_copy(update={"decisive": False, "outcome": "fail", "measured": "61 points on noisy"})
        for row in decision.rules[:1]
    )
    changed = decision.model_copy(update={"rules": rules})
    assert [row.rule for row in advice_not_met(changed)] == [rules[0].rule]
    tell_decision(changed, Output())
    assert "advice not met: " + rules[0].rule in " ".join(capsys.readouterr().out.split())

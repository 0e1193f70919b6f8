"""`hub evaluate --until-decided`: look after look, until the gate can decide, the looks end or the budget does."""

import json
from pathlib import Path

import pytest

from hub.catalog import load_catalog
from hub.choice import Choice
from hub.home import Home
from hub.teller import Teller
from hub.until_decided import evaluate_until_decided
from tests.hub.checkouts import small_catalog

#: k nearest neighbours gain about 10 points over pixels on the digits with two labels a class: what is decided at once,
#: late, and never. The scores hang on the processor's rounding a little: at the first look the lower end is about 3
#: points, at the second one 5.
ALWAYS, LATE, NEVER = -1.0, 0.04, 0.1


class Heard(Teller):
    """Keeps what is told."""

    def __init__(self):
        self.told = []

    def note(self, text):
        self.told.append(text)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    """Results that all tests share: a look that one of them took is not computed again."""
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture
def run(tmp_path, home):
    def evaluate(bound: float, **changes):
        root = tmp_path / f"catalog-{bound}"
        root.mkdir()
        folder = small_catalog(root, strategies="majority, pixels-logreg, knn, linear-probe")
        protocol = folder / "protocols" / "tiny.yaml"
        protocol.write_text(protocol.read_text().replace("runs: 2", "runs: 5"))
        (folder / "policies").unlink()
        (folder / "policies").mkdir()
        (folder / "policies" / "default.yaml").write_text(
            "schema: 1\nid: default\ntitle: For a test\nalias: approved\napprovals_needed: 0\n"
            f"rules: [{{id: gain, kind: gain-over-best-baseline, why: A test., at_least: {bound}}}]\n"
        )
        choice = Choice(("glyph-resnet",), tasks=("digits",), protocol="tiny", **changes)
        heard = Heard()
        catalog = load_catalog(folder)
        return evaluate_until_decided(choice, catalog, "default", home, heard, log=False), heard.told

    return evaluate


def runs_of(evaluation):
    findings = evaluation.evidence.findings
    names = dict.fromkeys(cell.strategy for cell in findings.cells)
    return {name: sum(cell.strategy == name for cell in findings.cells) for name in names}


def stored(home: Home) -> set[Path]:
    return set((home.root / "evidence").rglob("*.json"))


@pytest.mark.slow
def test_it_adds_runs_of_what_the_question_is_about_until_it_is_decided(run, home):
    found, told = run(LATE)
    assert found.decisions[0].verdict == "approved"
    assert found.evidence.findings.looks.look("digits") == 2
    (chosen,) = found.evidence.findings.recommendations
    assert chosen.strategy == "knn"
    assert runs_of(found) == {"knn": 10, "pixels-logreg": 10, "majority": 10, "linear-probe": 5}
    assert found.stopped == "look 2 of 4: nothing is left that more runs would decide"
    assert any(text.startswith("look 1 of 4: gain on digits is undecided: +") for text in told)
    assert any(text.startswith("look 2 of 4: 10 runs of ") for text in told)
    # Every look is evidence of its own, also the one that decided nothing.
    looks = [json.loads(path.read_text())["findings"]["looks"] for path in stored(home)]
    assert sorted(len(row["again"]) for row in looks) == [0, 1]


@pytest.mark.slow
def test_all_promised_looks_end_it_and_what_is_open_then_is_called_a_tie(run):
    found, _ = run(NEVER)
    assert found.decisions[0].verdict == "insufficient evidence"
    assert runs_of(found)["knn"] == 20
    # Whether runs or items are what is lacking hangs on the last digits of the machine.
    assert found.stopped in {
        "look 4 of 4: undecided, and more runs on the same items would not change that",
        "look 4 of 4: all looks were taken, and it is undecided: treat it as a tie",
    }
    (rule,) = (row for row in found.decisions[0].tasks[0].rules if row.rule == "gain")
    assert rule.settles.startswith("all 4 looks that were promised were taken")


@pytest.mark.slow
def test_a_look_that_the_budget_does_not_hold_is_not_begun(run, tmp_path):
    # What is stored takes nothing out of a budget: the first look is here, the second one is not.
    own = str(tmp_path / "results")
    run(ALWAYS, results=own)
    found, _ = run(NEVER, budget=0.001, results=own)
    assert found.evidence.findings.looks.look("digits") == 1
    assert "look 1 of 4, undecided: the next look takes about " in found.stopped
    assert found.stopped.endswith(" of the budget of under 0.1 s under 0.1 s is left")


@pytest.mark.slow
def test_every_look_at_the_locked_test_is_recorded(run, home):
    found, _ = run(LATE, final=True)
    (read,) = found.evidence.observations.test_reads
    digest = found.evidence.findings.candidates[0].digest
    look = found.evidence.findings.looks.look("digits")
    assert read.looks == {digest: look}
    assert len(read.openings) == look

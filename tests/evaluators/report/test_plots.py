"""The pictures: which files, readable titles in the SVG, no global state."""

import sys

import pytest

from evaluators.report.palette import style
from evaluators.report.plots import write_plots
from evaluators.strategy import STRATEGIES
from tests.synthetic import World, evidence

SMALL = World(items=60, runs=3, incumbent=("old", 0.7))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_plots(evidence(SMALL).findings, tmp_path_factory.mktemp("plots"))


def test_two_pictures_in_two_formats(pictures):
    assert [path.name for path in pictures] == [
        "help-desk-mini-sample-efficiency.png",
        "help-desk-mini-sample-efficiency.svg",
        "help-desk-mini-comparisons.png",
        "help-desk-mini-comparisons.svg",
    ]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures[::2])
    assert all("<svg" in path.read_text()[:1000] for path in pictures[1::2])


def test_no_two_strategies_look_the_same():
    assert len({style(row.id) for row in STRATEGIES}) == len(STRATEGIES)


def test_plotting_leaves_no_global_state(pictures):
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize(
    "world",
    [SMALL.but(runs=1), SMALL.but(sizes=(8,)), SMALL.but(failed=frozenset({("linear-probe", 0, 0)}))],
    ids=["one run", "one size", "a failed strategy"],
)
def test_thin_evidence_is_drawn_too(world, tmp_path):
    assert len(write_plots(evidence(world).findings, tmp_path)) == 4


def test_nothing_scored_gives_no_picture(tmp_path):
    failed = frozenset((name, 0, 0) for name in SMALL.accuracy)
    assert write_plots(evidence(SMALL.but(failed=failed)).findings, tmp_path) == ()


def test_no_two_strategies_look_alike():
    styles = [style(row.id) for row in STRATEGIES]
    assert len(set(styles)) == len(styles)

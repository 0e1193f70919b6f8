"""The pictures: which files, readable titles in the SVG, no global state."""

import sys

import pytest
from matplotlib.axes import Axes

from evaluators.report.palette import style
from evaluators.report.plots import efficiency_png, write_plots
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


def test_the_whole_ladder_is_drawn_with_a_look_of_its_own_for_every_strategy(tmp_path, monkeypatch):
    drawn = []
    plot = Axes.plot

    def remembered(axes, *args, **options):
        drawn.append((options.get("color"), options.get("marker")))
        return plot(axes, *args, **options)

    monkeypatch.setattr(Axes, "plot", remembered)
    accuracy = {
        row.id: 0.5 + 0.01 * place for place, row in enumerate(STRATEGIES) if "text" in row.modalities
    }
    found = evidence(SMALL.but(accuracy=accuracy, incumbent=None)).findings
    assert efficiency_png(found, found.tasks[0], "mini").startswith(b"\x89PNG")
    assert len(drawn) == len(set(drawn)) == len(accuracy)

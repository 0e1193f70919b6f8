"""A decision replayed from stored evidence is the same byte for byte; edited evidence is noticed and not promoted."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub.cli.conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def module_hub(tmp_path_factory):
    """Run `hub ARGUMENTS` in a process of its own, all with one HUB_HOME: what one writes, the next one reads."""
    variables = {
        # Whoever runs the tests may have a server; nothing is promoted there.
        **{name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")},
        "HUB_HOME": str(tmp_path_factory.mktemp("home")),
        "HUB_CATALOG": str(ROOT / "catalog"),
    }

    def run(*arguments):
        command = [sys.executable, "-m", "hub.cli", *arguments]
        return subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="module")
def measured(module_hub):
    """Evaluate a base once; return what was printed and where the evidence lies."""
    done = module_hub(
        "evaluate", "glyph-resnet", "--task", "digits", "--strategy", "linear-probe", "--final", "--no-log",
        "--format", "json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return found, Path(found["evidence"])


def replay(module_hub, evidence, *more):
    return module_hub("decide", str(evidence), "--format", "json", *more)


def test_the_same_evidence_policy_and_day_give_the_same_bytes(module_hub, measured):
    found, evidence = measured
    day = found["decisions"][0]["decided_on"]
    first, again = (replay(module_hub, evidence, "--on", day) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout
    assert json.loads(first.stdout) == found["decisions"]


def test_another_day_is_another_decision(module_hub, measured):
    _, evidence = measured
    late = json.loads(replay(module_hub, evidence, "--on", "2031-01-01").stdout)
    assert late[0]["decided_on"] == "2031-01-01"
    assert late[0]["verdict"] == "refused"  # the card's review is overdue by then


@pytest.mark.parametrize(
    "command",
    [("decide",), ("report",), ("promote", "glyph-resnet", "--reason", "it is better", "--evidence")],
    ids=lambda command: command[0],
)
def test_one_edited_digit_is_noticed(module_hub, measured, tmp_path, command):
    _, evidence = measured
    text = evidence.read_text(encoding="utf-8")
    place = re.search(r'"accuracy": 0\.(\d)', text)
    other = "1" if place[1] != "1" else "2"
    edited = tmp_path / "evidence.json"
    edited.write_text(text[: place.start(1)] + other + text[place.end(1) :], encoding="utf-8")
    done = module_hub(*command, str(edited))
    assert done.returncode in (4, 6)
    assert "signature" in done.stderr or "edited" in done.stderr


def test_what_an_edited_digit_would_have_promoted_is_not_on_record(module_hub, measured, tmp_path):
    _, evidence = measured
    text = evidence.read_text(encoding="utf-8")
    (tmp_path / "evidence.json").write_text(
        text.replace('"accuracy": 0.', '"accuracy": 1.', 1), encoding="utf-8"
    )
    options = ("glyph-resnet", "--reason", "it is better", "--evidence")
    assert module_hub("promote", *options, str(tmp_path / "evidence.json")).returncode in (4, 6)
    done = module_hub("promote", *options, str(evidence), "--format", "json")
    # The very document that was measured passes: it was the digit that was refused.
    assert done.returncode == 0, done.stderr
    (record,) = json.loads(module_hub("history", "--format", "json").stdout)["records"]
    assert record["sequence"] == 1

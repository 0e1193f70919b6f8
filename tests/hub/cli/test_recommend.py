"""`hub recommend`: a sentence whatever is at hand; measured, or called a rule of thumb."""

import json

import pytest
import yaml

from evaluators.personal_task import OwnData
from hub.choice import Choice
from hub.next_step import measure_more, train_it
from tests.hub.cli.conftest import ROOT


@pytest.fixture
def tickets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.csv").write_text("body,queue\nmessage 1,a\nmessage 2,b\n")
    return ("--data", "two.csv", "--text", "body", "--label", "queue")


def test_with_too_few_labels_the_rule_of_thumb_is_the_answer_and_the_reason_is_told(run_hub, tickets):
    done = run_hub("recommend", *tickets)
    assert done.exit_code == 0, done.stderr
    assert "Rule of thumb, not measured: with 2 labels (few)" in " ".join(done.stdout.split())
    assert "no answer from measurements: " in done.stderr
    assert "each label needs 4: 2 to train on" in " ".join(done.stderr.split())


def test_without_any_model_the_rule_of_thumb_is_the_answer(run_hub, tickets, tmp_path):
    catalog = tmp_path / "catalog"
    (catalog / "models").mkdir(parents=True)
    (catalog / "protocols").mkdir()
    card = yaml.safe_load((ROOT / "catalog/models/bge-small-en-v1.5.yaml").read_text())
    (catalog / "models" / "bge-small-en-v1.5.yaml").write_text(yaml.safe_dump(card))
    done = run_hub("recommend", *tickets, "--catalog", str(catalog), "--format", "json")
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["measured"], answer["model"], answer["strategy"]) == (False, None, None)
    assert "no model for text whose bytes are locked" in answer["why"]


def test_a_script_gets_the_strategy_that_needs_no_training_of_the_model(run_hub, tickets):
    assert run_hub("recommend", *tickets, "--format", "quiet").stdout.strip() == "- linear-probe"


def test_data_that_cannot_be_read_are_no_reason_to_guess(run_hub, tickets):
    done = run_hub("recommend", "--data", "two.csv", "--text", "boddy", "--label", "queue")
    assert (done.exit_code, "did you mean 'body'" in done.stderr) == (4, True)


def test_the_commands_that_follow_can_be_pasted():
    own = OwnData("my tickets.csv", "body", "queue")
    choice = Choice(("mini",), protocol="screen", own=own, device="cpu", results="s3://bucket/r")
    assert train_it(choice, "mini", "linear-probe") == (
        "hub adapt mini --data 'my tickets.csv' --text body --label queue --strategy linear-probe --device cpu "
        "--results s3://bucket/r --into DIR"
    )
    assert measure_more(choice, ("mini",), ("lora",)).startswith(
        "hub evaluate mini --data 'my tickets.csv' --text body --label queue --protocol screen --strategy lora"
    )

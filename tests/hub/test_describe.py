"""What MLflow shows: fits its database, keeps the tags' order, survives its renderer and sanitizer."""

import re

import pytest

from hub.card import Contamination, Lifecycle
from hub.describe import MAX_DESCRIPTION, MAX_FIRST_LINE, describe_model, model_tags, version_description
from tests.approval import card, lock, record

HTML = re.compile(r"<[a-z/]", re.IGNORECASE)
MENTION = re.compile(r"(^|\s)@\w")
"""What MLflow's renderer turns into a link to a GitHub user (showdown, github flavour)."""


def outside_code(text):
    return re.sub(r"`[^`\n]*`", "code", re.sub(r"```.*?```", "code", text, flags=re.DOTALL))


def hostile():
    """A card whose words try to be markup."""
    words = "see @someone <details><b style='x'>bold</b></details> | [here](http://example.org) *now*"
    return card(
        summary=words,
        owner="@team",
        intended_use=words,
        limits=(words, words),
        contamination=(Contamination(task="help-desk", reason=words),),
    )


def wordy():
    return card(
        summary="word " * 2000,
        limits=tuple(f"limit {number} " * 60 for number in range(40)),
        contamination=tuple(Contamination(task=f"task-{n}", reason="seen " * 200) for n in range(20)),
    )


def many_tasks():
    row = record().tasks[0]
    return record(
        tasks=tuple(
            row.model_copy(update={"task": f"{'long-name-' * 5}{n:02}", "score": "9" * 200})
            for n in range(30)
        ),
        reason="because " * 300,
    )


def test_description_is_as_reviewed(golden):
    seen = card(contamination=(Contamination(task="digits", reason="Its recipe was tuned on it."),))
    golden("describe_model.md", describe_model(seen, lock(), record()))


def test_version_description_is_as_reviewed(golden):
    golden("version_description.md", version_description(record()))


@pytest.mark.parametrize("of", [card, hostile, wordy])
@pytest.mark.parametrize("promoted", [record, many_tasks, lambda: None])
def test_description_fits_the_database_of_mlflow(of, promoted):
    assert len(describe_model(of(), lock(), promoted())) <= MAX_DESCRIPTION


def test_description_has_no_html_and_no_mention():
    text = outside_code(
        describe_model(hostile(), lock(), record(approver="@ada", reason="@bob said <b>yes</b>"))
    )
    assert not HTML.search(text)
    assert not MENTION.search(text)


def test_words_of_a_card_cannot_break_the_tables():
    rows = [line for line in describe_model(hostile(), lock(), record()).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3, 5}


def test_address_of_the_alias_survives_in_a_code_block():
    assert 'mlflow.transformers.load_model("models:/mini@approved")' in describe_model(
        card(), lock(), record()
    )


def test_timm_model_is_not_promised_to_the_transformers_flavour():
    assert "mlflow" not in describe_model(card(library="timm"), lock(), record())


def test_first_three_tags_are_status_task_and_score():
    tags = model_tags(card(), record())
    assert list(tags) == ["status", "task", "score", "licence", "parameters", "modality", "digest"]
    assert list(tags.values())[:3] == [
        "approved",
        "help-desk",
        "91.2 [90.1, 92.3] accuracy, 80 labels, 5 runs",
    ]


@pytest.mark.parametrize(
    ("of", "newest", "status"),
    [
        (card(), None, "not approved"),
        (card(), record(action="withdraw"), "withdrawn"),
        (card(lifecycle=Lifecycle(state="deprecated", since=card().lifecycle.since)), record(), "deprecated"),
    ],
    ids=["no record", "withdrawn", "deprecated"],
)
def test_status_follows_the_log_and_the_card(of, newest, status):
    assert model_tags(of, newest)["status"] == status
    assert f"**{status.capitalize()}" in describe_model(of, lock(), newest)


def test_tags_stay_short_whatever_was_approved():
    assert all(len(value) <= 250 for value in model_tags(wordy(), many_tasks()).values())


@pytest.mark.parametrize(
    ("newest", "line"),
    [
        (record(), "approved: help-desk"),
        (many_tasks(), "approved for 30 tasks"),
        (record(action="withdraw", tasks=()), "withdrawn 2026-11-20"),
    ],
    ids=["one task", "many", "withdrawn"],
)
def test_first_line_of_a_version_carries_the_verdict(newest, line):
    first = version_description(newest).splitlines()[0]
    assert first == line
    assert len(first) <= MAX_FIRST_LINE

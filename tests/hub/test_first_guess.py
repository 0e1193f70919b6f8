"""Where nothing can be measured, the rule of thumb is the answer, called so, with what our evidence says against it."""

import pytest

from evaluators.canonical import canonical_json
from evaluators.errors import InvalidDocument
from evaluators.personal_task import OwnData
from hub.catalog import load_catalog
from hub.evidence_at_hand import reachable
from hub.evidence_folder import keep_evidence
from hub.first_guess import first_guess
from hub.home import Home
from hub.signing import open_signer
from tests import synthetic
from tests.hub.checkouts import ROOT
from tests.synthetic import World


@pytest.fixture
def catalog():
    return load_catalog(ROOT / "catalog")


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home").ready()


def table(path, *, rows):
    path.write_text(
        "body,queue\n" + "".join(f"message {number} of {queue},{queue}\n" for number, queue in rows)
    )
    return OwnData(str(path), "body", "queue")


def keep(home, catalog, task, **changes):
    """Keep signed evidence that says of a task of the catalog that full fine-tuning is far better than a probe."""
    accuracy = {"tfidf-logreg": 0.4, "linear-probe": 0.6, "full-finetune": 0.9}
    made = synthetic.evidence(World(task=task, accuracy=accuracy, sizes=(2, 8)))
    changed = {"digest": catalog.task(task).digest, **changes}
    facts = made.findings.tasks[0].model_copy(update=changed)
    made = made.model_copy(update={"findings": made.findings.model_copy(update={"tasks": (facts,)})})
    signature = open_signer(home.keys).sign(canonical_json(made.unsigned))
    keep_evidence(made.model_copy(update={"signature": signature}), home)


def test_too_few_samples_to_split_get_the_rule_with_both_answers(catalog, home, tmp_path):
    own = table(tmp_path / "two.csv", rows=[(1, "a"), (2, "b")])
    guess = first_guess(own, None, catalog, home, why="too few")
    assert guess.sentence == (
        "Rule of thumb, not measured: with 2 labels (few) linear probe where the domain is close to the model's, LoRA "
        "where it is far. How far yours is, is not known."
    )
    assert guess.value["strategy"] is None
    assert guess.value["measured"] is False


def test_all_of_a_persons_labels_are_counted(catalog, home, tmp_path):
    own = table(tmp_path / "t.csv", rows=[(number, queue) for number in range(20) for queue in "ab"])
    assert first_guess(own, None, catalog, home, why="no model").rule.labels == 40


def test_of_a_catalogs_task_the_locked_test_is_not_counted(catalog, home):
    assert first_guess(None, "help-desk", catalog, home, why="no model").rule.labels == 480


def test_one_label_is_no_task_and_no_guess(catalog, home, tmp_path):
    with pytest.raises(InvalidDocument, match="all labels are"):
        first_guess(table(tmp_path / "t.csv", rows=[(1, "a")]), None, catalog, home, why="too few")


def test_evidence_about_another_task_of_the_catalog_is_quoted(catalog, home, tmp_path):
    keep(home, catalog, "help-desk")
    guess = first_guess(
        table(tmp_path / "t.csv", rows=[(1, "a"), (2, "b")]), None, catalog, home, why="too few"
    )
    assert (
        "On help-desk (8 labels) our evidence says otherwise: full fine-tuning on mini is +" in guess.sentence
    )
    assert guess.value["elsewhere"][0]["task"] == "help-desk"


@pytest.mark.parametrize(
    "changes", [{"promotable": False}, {"sensitivity": "restricted"}, {"digest": "0" * 64}], ids=str
)
def test_personal_restricted_and_changed_data_are_not_quoted(catalog, home, tmp_path, changes):
    keep(home, catalog, "help-desk", **changes)
    own = table(tmp_path / "t.csv", rows=[(1, "a"), (2, "b")])
    assert first_guess(own, None, catalog, home, why="too few").elsewhere == ()


def test_the_task_itself_and_tasks_of_images_are_not_other_tasks(catalog, home):
    keep(home, catalog, "help-desk")
    keep(home, catalog, "digits")
    assert first_guess(None, "help-desk", catalog, home, why="no model").elsewhere == ()


def test_a_model_whose_bytes_cannot_be_reached_is_left_out_with_the_reason(catalog, home, tmp_path):
    lost = load_catalog(ROOT / "catalog")
    moved = type(lost)(tmp_path, lost.cards, lost.locks)  # its directories start where nothing lies
    found, missing = reachable(("glyph-resnet",), moved, home)
    assert found == ()
    assert missing[0].startswith("glyph-resnet is left out: ")
    assert reachable(("glyph-resnet",), catalog, home) == (("glyph-resnet",), ())

"""Rules between the files of a catalog: one change, one message, for the file that is to blame."""

import datetime as dt

import pytest

from hub.catalog_check import check_catalog
from tests.hub.models import HUB_MIRROR, card_text, make_catalog, put

TODAY = dt.date(2026, 11, 21)
DIRECTORY = "{kind: directory, path: data/tiny}"
TASK = """\
schema: 1
id: routes
title: Routes
description: Tests.
modality: text
owner: tests
licence: CC0-1.0
margin: 0.02
files:
  all: {sha256: "%s", size: 4, mirrors: ["catalog:data/routes.csv"], format: csv, text: text, label: label}
splits: {train: {file: all}, validation: {carve: train, fraction: 0.2}, test: {carve: train, fraction: 0.2}}
"""
SHA_OF_ABCD = "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589"
PROTOCOL = """\
schema: 1
id: fast
title: Fast
description: Tests.
labels_per_class: [2]
runs: 2
strategies: [majority, linear-probe]
settings: {linear-probe: {C: 2.0, random_state: 42}}
"""
POLICY = """\
schema: 1
id: strict
title: Strict
rules:
  - {id: licence, kind: licence, why: Because., allow: [MIT]}
  - {id: cost, kind: cost-cap, why: Because., at_most: 10.0}
waivers:
  - {rule: cost, model: tiny, reason: Tests., owner: tests, expires: 2027-01-01}
"""


@pytest.fixture
def folder(tmp_path):
    folder = make_catalog(tmp_path / "catalog", DIRECTORY).folder
    put(folder, {
        "data/routes.csv": b"abcd",
        "tasks/routes.yaml": (TASK % SHA_OF_ABCD).encode(),
        "protocols/fast.yaml": PROTOCOL.encode(),
        "policies/strict.yaml": POLICY.encode(),
    })  # fmt: skip
    return folder


def judged(folder, today=TODAY):
    return {result.file: result for result in check_catalog(folder, today=today)}


def edit(folder, name, old, new):
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_good_catalog_has_one_good_result_a_file(folder):
    results = judged(folder)
    assert [r.file for r in results.values() if not r.ok] == []
    assert list(results) == [
        "models/tiny.lock.json",
        "models/tiny.yaml",
        "policies/strict.yaml",
        "protocols/fast.yaml",
        "tasks/routes.yaml",
    ]


CARD, LOCK = "models/tiny.yaml", "models/tiny.lock.json"
WRONG = {
    "an id that is not the file's name": (CARD, "id: tiny", "id: tini", "its id is 'tini'"),
    "an unknown key": (CARD, "owner:", "ownr:", "unknown key"),
    "files that are not the locked ones": (CARD, ", tokenizer.json", "", "differ in tokenizer.json"),
    "a file twice": (CARD, "[config.json,", "[config.json, config.json,", "one stands twice"),
    "weights in another format": (
        CARD,
        "model.safetensors",
        "model.bin",
        "no weights are listed as .safetensors",
    ),
    "an empty title": (CARD, "title: Tiny", "title: ' '", "title: is empty"),
    "no limits": (CARD, "[Knows nothing.]", "[]", "limits: name at least one"),
    "a licence that SPDX writes otherwise": (
        CARD,
        "Apache-2.0",
        "apache-2.0",
        "is written Apache-2.0 by SPDX",
    ),
    "a licence that is none": (CARD, "Apache-2.0", "do what you want", "is no SPDX id"),
    "a contamination of an unknown task": (
        CARD,
        "owner:",
        "contamination: [{task: routs, reason: x}]\nowner:",
        "routs",
    ),
    "an unknown replacement": (CARD, "since:", "replacement: tinny, since:", "unknown model 'tinny'"),
    "itself as replacement": (CARD, "since:", "replacement: tiny, since:", "cannot replace itself"),
    "deprecated without a date": (CARD, "state: active", "state: deprecated", "needs the date"),
    "retired before it began": (CARD, "since:", "retires: 2020-01-01, since:", "is before 2026-01-01"),
    "active without a review": (CARD, "review_by: 2030-01-01\n", "", "needs a date of its next review"),
    "a directory that is not there": (CARD, "data/tiny", "data/tinny", "no folder data/tinny"),
    "a lock that is cut": (LOCK, '"schema": 1', '"schema": 3', "schema"),
    "a task whose data changed": ("data/routes.csv", "abcd", "abce", "catalog:data/routes.csv: has 4 bytes"),
    "a task whose data is missing": ("tasks/routes.yaml", "data/routes", "data/gone", "no such file"),
    "a task with an unknown kind of place": ("tasks/routes.yaml", "catalog:", "cat:", "of no known kind"),
    "a task without a place": (
        "tasks/routes.yaml",
        '["catalog:data/routes.csv"]',
        "[]",
        "at least one mirror",
    ),
    "an unknown strategy": (
        "protocols/fast.yaml",
        "[majority, linear-probe]",
        "[majorty, linear-probe]",
        "'majorty'",
    ),
    "a strategy twice": ("protocols/fast.yaml", "[majority,", "[majority, majority,", "one stands twice"),
    "an unknown setting": ("protocols/fast.yaml", "C: 2.0", "c: 2.0", "unknown setting 'c'"),
    "a rule twice": ("policies/strict.yaml", "id: cost", "id: licence", "licence stands twice"),
    "a rule without its bound": ("policies/strict.yaml", ", at_most: 10.0", "", "needs `at_most`"),
    "a rule without its list": ("policies/strict.yaml", ", allow: [MIT]", "", "needs `allow`"),
    "a rule without a reason": ("policies/strict.yaml", "why: Because., allow", "why: '', allow", "say why"),
    "a waiver of an unknown rule": (
        "policies/strict.yaml",
        "rule: cost",
        "rule: price",
        "unknown rule 'price'",
    ),
    "a waiver for an unknown model": (
        "policies/strict.yaml",
        "model: tiny",
        "model: tinny",
        "unknown model 'tinny'",
    ),
    "a waiver of a kind that none lifts": (
        "policies/strict.yaml",
        "id: cost, kind: cost-cap",
        "id: cost, kind: format",
        "a rule of kind format cannot be waived",
    ),
    "a waiver without a reason": ("policies/strict.yaml", "reason: Tests.", "reason: ' '", "has no reason"),
    "a waiver that nobody answers for": ("policies/strict.yaml", "owner: tests", "owner: ''", "has no owner"),
    "a waiver without an end": ("policies/strict.yaml", ", expires: 2027-01-01", "", "expires: is missing"),
    "approvals that nobody can record": (
        "policies/strict.yaml",
        "rules:",
        "approvals_needed: 2\nrules:",
        "no command records approvals yet",
    ),
    "an alias that MLflow reserves": (
        "policies/strict.yaml",
        "rules:",
        "alias: latest\nrules:",
        "does not accept",
    ),
}


@pytest.mark.parametrize(("name", "old", "new", "words"), WRONG.values(), ids=WRONG)
def test_one_wrong_thing_fails_one_file_and_says_so(folder, name, old, new, words):
    edit(folder, name, old, new)
    failed = [result for result in judged(folder).values() if not result.ok]
    to_blame = {"data/routes.csv": "tasks/routes.yaml"}.get(name, name)
    assert to_blame in [result.file for result in failed]
    assert any(words in result.message for result in failed if result.file == to_blame)
    assert all(to_blame in result.message for result in failed if result.file == to_blame)


def test_an_active_card_needs_a_lock(folder):
    (folder / LOCK).unlink()
    result = judged(folder)[CARD]
    assert "is active but has no lock" in result.message
    assert result.hint == "hub catalog lock tiny"


def test_a_proposed_card_needs_none(folder):
    (folder / LOCK).unlink()
    edit(folder, CARD, "state: active", "state: proposed")
    assert judged(folder)[CARD].ok


def test_a_lock_without_a_card_is_nobodys(folder):
    (folder / "models" / "other.lock.json").write_bytes((folder / LOCK).read_bytes())
    result = judged(folder)["models/other.lock.json"]
    assert "there is no card other.yaml" in result.message


def test_bytes_in_the_catalog_that_are_not_the_locked_ones_are_found(folder):
    put(folder, {"data/tiny/config.json": b"{}"})
    assert "data/tiny/config.json has other bytes" in judged(folder)[CARD].message


def test_a_revision_that_is_not_the_locked_one_is_found(tmp_path):
    folder = make_catalog(tmp_path / "catalog", HUB_MIRROR).folder
    edit(folder, LOCK, '"schema": 1,', f'"schema": 1, "revision": "{"2" * 40}",')
    assert "is pinned to 1111" in judged(folder)[CARD].message


def test_a_hub_copy_that_was_not_compared_is_a_warning(tmp_path):
    result = judged(make_catalog(tmp_path / "catalog", HUB_MIRROR).folder)[CARD]
    assert result.ok
    assert result.warnings == ("mirrors: org/tiny was not compared when the card was locked",)


@pytest.mark.parametrize(
    ("today", "file", "old", "new", "words"),
    [
        (dt.date(2030, 1, 2), CARD, "schema", "schema", "the review was due on 2030-01-01"),
        (
            dt.date(2027, 1, 2),
            "policies/strict.yaml",
            "schema",
            "schema",
            "expired on 2027-01-01; it is void",
        ),
        (TODAY, CARD, "state: active", "state: deprecated, retires: 2026-11-21", "set state: retired"),
        (TODAY, CARD, "owner:", "parameters: 900\nowner:", "900 are stated, 300 are in the locked files"),
        (TODAY, CARD, "Apache-2.0", "Apache-2.1", "check its spelling"),
    ],
)
def test_what_is_due_is_a_warning_and_fails_nothing(folder, today, file, old, new, words):
    edit(folder, file, old, new)
    result = judged(folder, today)[file]
    assert result.ok, result.message
    assert any(words in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("name", "hint"), [("other.yml", "rename it to other.yaml"), ("notes.txt", "move it to data/")]
)
def test_a_file_that_nothing_reads_is_not_silently_ignored(folder, name, hint):
    put(folder, {f"models/{name}": b""})
    result = judged(folder)[f"models/{name}"]
    assert "is read by nothing" in result.message
    assert hint in result.hint


def test_every_file_is_judged_however_many_are_broken(folder):
    for name in ("models/tiny.yaml", "tasks/routes.yaml", "protocols/fast.yaml"):
        (folder / name).write_text("[")
    results = judged(folder)
    assert sum(not result.ok for result in results.values()) == 3
    assert results["policies/strict.yaml"].ok


def test_two_names_for_the_same_bytes_are_a_warning(folder):
    (folder / "models" / "twin.yaml").write_text(card_text("twin", DIRECTORY))
    (folder / "models" / "twin.lock.json").write_bytes((folder / LOCK).read_bytes())
    assert "one model under two names" in judged(folder)["models/twin.lock.json"].warnings[0]

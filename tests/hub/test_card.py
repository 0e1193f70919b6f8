"""Cards that are wrong in every way people and mistakes have: each is an error with file, line and field."""

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.document import parse_document
from evaluators.errors import InvalidDocument, ReportedError
from hub.card import Card
from tests.hub.models import HUB_MIRROR, card_text

GOOD = card_text("tiny", HUB_MIRROR)


def parse(text):
    return parse_document(text.encode() if isinstance(text, str) else text, Card, where="tiny.yaml")


def changed(old, new):
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_good_card_is_read():
    card = parse(GOOD)
    assert (card.id, card.modality, card.lifecycle.state) == ("tiny", "text", "active")


BAD = {
    "an unknown key": (changed("owner:", "ownr:"), r"tiny\.yaml:\d+: ownr: unknown key"),
    "a key of another level": (changed("pooling: mean", "poling: mean"), "poling: unknown key"),
    "no licence": (re.sub(r"licence:.*\n", "", GOOD), "licence: is missing"),
    "no licence of the weights": (changed("spdx: Apache-2.0, ", ""), r"licence\.spdx: is missing"),
    "a short revision": (
        changed("1" * 40, "1" * 7),
        r"mirrors\.0\.revision: a revision is a whole commit: 40 hex",
    ),
    "a branch as revision": (changed("1" * 40, "main"), "revision"),
    "no revision though active": (
        changed(f", revision: '{'1' * 40}'", ""),
        "needs a 40-digit revision for org/tiny",
    ),
    "no mirror": (changed("  - " + HUB_MIRROR, "  []"), "at least one mirror"),
    "an unknown kind of mirror": (changed("kind: hub", "kind: ftp"), "mirrors"),
    "a repository that is a path": (changed("org/tiny", "../tiny"), "repository"),
    "a file outside": (changed("config.json,", "../config.json,"), "files"),
    "an absolute file": (changed("config.json,", "/etc/passwd,"), "files"),
    "a name in capitals": (changed("id: tiny", "id: Tiny"), "id"),
    "a Cyrillic name": (changed("id: tiny", "id: t\u0456ny"), "id"),
    "a number as text": (changed("title: Tiny", "title: 7"), "title"),
    "no as text": (changed("title: Tiny", "title: no"), "title"),
    "text as a number": (changed("max_tokens: 16", "max_tokens: '16'"), "max_tokens"),
    "zero tokens": (changed("max_tokens: 16", "max_tokens: 0"), "max_tokens"),
    "an unknown pooling": (changed("pooling: mean", "pooling: max"), "pooling"),
    "an active card without a date": (changed(", since: 2026-01-01", ""), "needs `since`"),
    "the same key twice": (GOOD + "owner: somebody\n", "the key 'owner' stands twice"),
    "an anchor alone": (changed("owner: tests", "owner: &x tests"), "anchors and aliases"),
    "thousands of levels": ("id: " + "[" * 30_000, "nested deeper than 20 levels"),
    "levels without brackets": ("id:\n " + "- " * 30_000, "nested deeper than 20 levels"),
    "a key of another kind of mirror": (changed("repository:", "distribution:"), "distribution: unknown key"),
    "an alias": (changed("owner: tests", "owner: &x tests\nsources: [*x]"), "anchors and aliases"),
    "another schema": (changed("schema: 1", "schema: 2"), "schema"),
    "a list": ("- a\n- b\n", "a mapping of fields is expected"),
    "nothing": ("", "is missing"),
    "no YAML": ("a: [", "not YAML"),
    "a tag that constructs": ("a: !!python/object/apply:os.system ['true']\n", "not YAML"),
    "bytes": (b"\xff\xfe", "not UTF-8"),
    "too much": (GOOD + "#" * 70_000, "at most"),
    "too deep": ("a: " + "[" * 500 + "]" * 500, "nested deeper|not YAML"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_bad_card_is_an_error_that_names_the_field(text, message):
    with pytest.raises(InvalidDocument, match=message) as caught:
        parse(text)
    assert caught.value.message.startswith("tiny.yaml")


def test_a_misspelt_key_is_answered_with_the_nearest():
    with pytest.raises(InvalidDocument) as caught:
        parse(changed("owner:", "ownr:"))
    assert caught.value.hint == "did you mean 'owner'?"


LINES = GOOD.splitlines()
FRAGMENTS = st.sampled_from(
    [*" {}[]:~'>%@?\t\0\"|-", "- ", "null", "1e999", "0x1f", "2026-13-99", "10:30", ".nan"]
) | (st.sampled_from(["", "  ", "!!binary x", "&a ", "*a", "<<: ", "\u00e9", "\U0001f4a5"]))


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_mutated_card_is_read_or_reported_and_nothing_else(data):
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 4))):
        row = data.draw(st.integers(0, len(lines) - 1))
        column = data.draw(st.integers(0, len(lines[row])))
        lines[row] = (
            lines[row][:column] + data.draw(FRAGMENTS) + lines[row][column + data.draw(st.integers(0, 9)) :]
        )
    with contextlib.suppress(ReportedError):
        parse("\n".join(lines))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_reported(data):
    with pytest.raises(ReportedError):
        parse(data)

"""What a person may write for a model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.candidate import Reference
from evaluators.errors import UsageProblem
from evaluators.names import NAME_PATTERN, is_safe_name
from hub.reference import parse_reference, reference_text

NAMES = st.from_regex(NAME_PATTERN, fullmatch=True).filter(is_safe_name)
VERSIONS = st.integers(1, 10**9 - 1)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("minilm", Reference("minilm")),
        ("minilm@approved", Reference("minilm", alias="approved")),
        ("minilm:3", Reference("minilm", version=3)),
        ("all-minilm-l6-v2", Reference("all-minilm-l6-v2")),
    ],
)
def test_the_three_forms(text, reference):
    assert parse_reference(text) == reference


@given(NAMES, st.one_of(st.none(), NAMES, VERSIONS))
def test_what_is_written_is_read_back(name, rest):
    alias, version = (rest, None) if isinstance(rest, str) else (None, rest)
    reference = Reference(name, alias=alias, version=version)
    assert parse_reference(reference_text(reference)) == reference


def parsed(text):
    try:
        return parse_reference(text)
    except UsageProblem as problem:
        return problem


@given(st.text() | st.from_regex(r"[a-z0-9.@:-]{1,9}"))
def test_any_text_is_a_reference_that_writes_itself_or_a_usage_problem(text):
    outcome = parsed(text)
    if isinstance(outcome, UsageProblem):
        assert all(form in outcome.hint for form in ("@approved", ":3"))
    else:
        assert is_safe_name(outcome.name)
        assert reference_text(outcome) == text


NONE_OF_THEM = (
    "",
    "a@",
    "a:",
    "a:0",
    "a:01",
    "a:-1",
    "a:1.0",
    "a@b@c",
    "a:1@b",
    "a@latest:1",
    "@b",
    "../a",
    "a/b",
)
HOSTILE = (
    "a\n",
    "a\x00",
    "A",
    "a b",
    "a..b",
    "a@../b",
    "\u0430",
    "a:\u0661",
    "<script>",
    "a" * 64,
    "a:" + "9" * 5000,
)


@pytest.mark.parametrize("text", [*NONE_OF_THEM, *HOSTILE, "models:/a/1"])
def test_anything_else_is_refused_with_the_forms(text):
    with pytest.raises(UsageProblem, match="not a reference to a model") as caught:
        parse_reference(text)
    assert "(an alias) or" in caught.value.hint


def test_the_hint_uses_the_name_that_was_meant():
    with pytest.raises(UsageProblem) as caught:
        parse_reference("MiniLM@")
    assert caught.value.hint.startswith("write minilm ")

"""The Hub source against a Hub that misbehaves in every way that was seen of real ones."""

import contextlib

import pytest

from evaluators.canonical import digest_of_bytes
from hub.sources.hub_client import Patience, hub_client
from hub.sources.hub_repository import HubRepository
from hub.sources.source import SourceProblem
from tests.fakes_hub import ALWAYS, Corrupted, CutOff, FakeHub, Redirect, Status, Whole
from tests.hub.models import COMMIT, tiny_bert

WEIGHTS = f"/org/tiny/resolve/{COMMIT}/model.safetensors"
CONFIG = f"/org/tiny/resolve/{COMMIT}/config.json"


@pytest.fixture
def hub():
    with FakeHub() as running:
        running.add("org/tiny", tiny_bert(), commit=COMMIT)
        yield running


@contextlib.contextmanager
def repository(hub, *, name="org/tiny", revision=COMMIT, token=None, pauses=None):
    waited = pauses if pauses is not None else []
    with hub_client(hub.endpoint + "/", token, Patience(pause=waited.append)) as client:
        yield HubRepository(client, name, revision)


def read(hub, path="model.safetensors", **kwargs):
    with repository(hub, **kwargs) as source:
        return b"".join(source.open(path))


def test_a_file_arrives_as_it_was_published_also_through_storage(hub):
    assert read(hub) == tiny_bert()["model.safetensors"]
    assert [request.server for request in hub.requests] == ["hub", "storage"]


def test_a_pinned_file_costs_no_question_about_the_revision(hub):
    read(hub, "config.json")
    assert hub.count("/api/") == 0


def test_without_a_pin_the_branch_is_resolved_once_and_the_commit_is_asked_for(hub):
    with repository(hub, revision=None) as source:
        assert source.revision() == COMMIT
        assert b"".join(source.open("config.json")) == tiny_bert()["config.json"]
        b"".join(source.open("tokenizer.json"))
    assert hub.count("/revision/") == 1
    assert hub.count(f"/resolve/{COMMIT}/") == 2


def test_the_listing_says_size_and_sha256_over_all_pages(hub):
    with repository(hub) as source:
        assert source.published("config.json").sha256 is None
        facts = source.published("model.safetensors")
    assert facts.size == len(tiny_bert()["model.safetensors"])
    assert len(facts.sha256) == 64


def test_a_missing_file_is_answered_with_the_nearest_one(hub):
    with (
        repository(hub) as source,
        pytest.raises(SourceProblem, match=r"no file model\.safetensor") as caught,
    ):
        source.published("model.safetensor")
    assert "model.safetensors" in caught.value.hint


@pytest.mark.parametrize("code", [429, 408, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again(hub, code):
    hub.faults[CONFIG] = [Status(code), Status(code)]
    pauses = []
    assert read(hub, "config.json", pauses=pauses) == tiny_bert()["config.json"]
    assert len(pauses) == 2
    assert all(pause > 0 for pause in pauses)


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_lasting_fault_ends_after_five_tries(hub, code):
    hub.faults[CONFIG] = [Status(code), ALWAYS]
    with pytest.raises(SourceProblem, match=rf"answers {code} \(tried 5 times\)") as caught:
        read(hub, "config.json")
    assert hub.count("config.json") == 5
    assert "try again later" in caught.value.hint


def test_retry_after_is_honoured(hub):
    hub.faults[CONFIG] = [Status(429, (("Retry-After", "7"),))]
    pauses = []
    read(hub, "config.json", pauses=pauses)
    assert pauses == [7.0]


def test_a_wait_beyond_the_deadline_is_not_begun_but_told(hub):
    hub.faults[CONFIG] = [Status(429, (("Retry-After", "3600"),)), ALWAYS]
    pauses = []
    with pytest.raises(SourceProblem) as caught:
        read(hub, "config.json", pauses=pauses)
    assert pauses == []
    assert "try again in 3600 s" in caught.value.hint
    assert "HF_TOKEN allows more" in caught.value.hint


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2015 07:28:00 GMT", "soon", ""])
def test_an_odd_retry_after_is_no_reason_to_stop(hub, value):
    hub.faults[CONFIG] = [Status(503, (("Retry-After", value),))]
    assert read(hub, "config.json") == tiny_bert()["config.json"]


@pytest.mark.parametrize("after", [0, 1, 100, 1000])
def test_an_interrupted_body_is_continued_where_it_broke(hub, after):
    data = tiny_bert()["model.safetensors"]
    hub.faults["/" + digest_of_bytes(data)] = [CutOff(after)]
    assert read(hub) == data
    ranges = [r.headers.get("range") for r in hub.requests if r.server == "storage"]
    assert ranges == [None, f"bytes={after}-" if after else None]


def test_a_server_without_ranges_yields_no_byte_twice(hub):
    hub.faults[CONFIG] = [CutOff(5), Whole()]
    assert read(hub, "config.json") == tiny_bert()["config.json"]


def test_a_body_that_always_breaks_is_never_short_in_silence(hub):
    hub.faults[CONFIG] = [CutOff(3), ALWAYS]
    with pytest.raises(SourceProblem, match="the connection broke 5 times"):
        read(hub, "config.json")


def test_wrong_bytes_are_delivered_as_they_come_and_judged_by_the_digest(hub):
    hub.faults[CONFIG] = [Corrupted()]
    assert read(hub, "config.json") != tiny_bert()["config.json"]


def test_the_token_goes_to_the_endpoint_and_never_to_storage(hub):
    hub.add("org/tiny", tiny_bert(), commit=COMMIT, gated=True)
    assert read(hub, token=hub.token) == tiny_bert()["model.safetensors"]
    sent = [(request.server, request.headers.get("authorization")) for request in hub.requests]
    assert sent == [("hub", f"Bearer {hub.token}"), ("storage", None)]


def test_the_token_follows_a_redirect_on_the_same_origin(hub):
    hub.add("org/tiny", tiny_bert(), commit=COMMIT, gated=True)
    hub.faults["/org/tiny/resolve/old/config.json"] = [Redirect(CONFIG)]
    assert read(hub, "config.json", revision="old", token=hub.token) == tiny_bert()["config.json"]


def test_the_token_is_shown_nowhere(hub):
    with repository(hub, token=hub.token) as source:
        assert hub.token not in repr(source)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x", ""])
def test_a_redirect_to_elsewhere_is_not_followed(hub, location):
    hub.faults[CONFIG] = [Redirect(location), ALWAYS]
    with pytest.raises(SourceProblem, match="redirects"):
        read(hub, "config.json")


def test_a_gated_repository_says_what_to_accept_where(hub):
    hub.add("org/tiny", tiny_bert(), commit=COMMIT, gated=True)
    with pytest.raises(SourceProblem, match="gated, and HF_TOKEN is not set") as caught:
        read(hub)
    assert f"{hub.endpoint}/org/tiny" in caught.value.hint
    assert "terms_accepted_by" in caught.value.hint
    with pytest.raises(SourceProblem, match="this token has no access"):
        read(hub, token="hf_other")


def test_what_does_not_exist_is_named(hub):
    with pytest.raises(SourceProblem, match=r"org/gone asks for a token, or does not exist"):
        read(hub, name="org/gone")
    with pytest.raises(SourceProblem, match="no revision"):
        read(hub, revision="2" * 40)
    with pytest.raises(SourceProblem, match=r"no file gone\.json"):
        read(hub, "gone.json")


def test_a_commit_that_resolves_to_another_is_refused(hub):
    hub.repositories["org/tiny"].branches["2" * 40] = COMMIT
    with repository(hub, revision="2" * 40) as source, pytest.raises(SourceProblem, match="another commit"):
        source.revision()


def test_a_server_that_is_not_there_is_told_soon(hub):
    pauses = []
    with (
        hub_client("http://127.0.0.1:9", None, Patience(pause=pauses.append)) as client,
        pytest.raises(SourceProblem, match=r"127\.0\.0\.1:9 cannot be reached") as caught,
    ):
        b"".join(HubRepository(client, "org/tiny", COMMIT).open("config.json"))
    assert "HF_HUB_OFFLINE" in caught.value.hint
    assert sum(pauses) < 5


@pytest.mark.parametrize("endpoint", ["", "huggingface.co", "ftp://huggingface.co", "http://"])
def test_an_endpoint_that_is_no_url_is_a_problem_not_a_traceback(endpoint):
    with (
        hub_client(endpoint, None, Patience(pause=lambda _: None)) as client,
        pytest.raises(SourceProblem),
    ):
        b"".join(HubRepository(client, "org/tiny", COMMIT).open("config.json"))


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b"[]", b"[" * 100_000, b'{"sha": "main"}', b'{"sha": 5}'])
def test_an_answer_that_is_not_the_interface_is_a_problem_not_a_traceback(hub, body, monkeypatch):
    monkeypatch.setattr("tests.fakes_hub._Handler._api", lambda handler, _rest: handler._send(200, body, {}))
    with repository(hub) as source, pytest.raises(SourceProblem):
        source.revision()

"""Progress goes to MLflow beside the computing: never waited for, never one message a measurement."""

from __future__ import annotations

import threading
import time

import pytest

from evaluators.cell import Skipped
from evaluators.errors import EnvironmentProblem
from evaluators.running.run import Ended, Started
from hub.home import Home
from hub.live_log import MOST, LiveLog
from hub.tracking import live_run
from tests.evaluators.toy_plans import toy_plan, toy_protocol
from tests.hub.hanging import hanging_server

PROTOCOL = toy_protocol(strategies=("majority", "tfidf-logreg"))


class Slow:
    """A run on a server that answers when it is let."""

    def __init__(self):
        self.let, self.told, self.ended = threading.Event(), [], []

    def tell(self, note, done):
        self.let.wait(20)
        self.told.append((note, done))

    def end(self, note, *, stopped):
        self.ended.append((note, stopped))


@pytest.fixture
def plan(tmp_path):
    return toy_plan(tmp_path, protocol=PROTOCOL)[0]


@pytest.fixture
def slow(monkeypatch):
    run = Slow()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setattr(live_run, "open_live_run", lambda *_: run)
    return run


def ended(plan, *, reused=False):
    # How a cell ended is not looked at: only that it did.
    return [Ended(planned, Skipped(planned.cell, "for the test"), reused) for planned in plan.cells]


def events(plan, **changes):
    yield Started(len(plan.cells), 0, 0)
    yield from ended(plan, **changes)


def test_events_pass_while_the_server_has_not_answered_and_it_gets_the_newest_state(plan, slow, tmp_path):
    live = LiveLog(Home(tmp_path))
    passed = list(live.listen(plan, events(plan)))
    assert passed == list(events(plan))
    slow.let.set()
    live.settle(20)
    # It was told something while it could not answer at most once; all that came meanwhile is one message.
    assert len(slow.told) <= 2
    note, stopped = slow.ended[0]
    assert f"{len(plan.cells)} of {len(plan.cells)} measurements are done." in note
    assert "- TF-IDF" in note
    assert not stopped


def test_a_fast_server_gets_a_bounded_number_of_messages(plan, slow, tmp_path):
    many = plan.model_copy(update={"cells": plan.cells * 60})
    slow.let.set()
    live = LiveLog(Home(tmp_path))
    for _ in live.listen(many, events(many)):
        time.sleep(0)  # let the other thread have its turn
    live.settle(20)
    assert len(many.cells) > 10 * MOST
    assert 1 <= len(slow.told) + len(slow.ended) <= MOST + 1


def test_an_evaluation_that_stops_says_so(plan, slow, tmp_path):
    slow.let.set()
    live = LiveLog(Home(tmp_path))
    stream = live.listen(plan, events(plan))
    for _ in range(len(plan.cells) // 2):
        next(stream)
    stream.close()
    live.settle(20)
    assert slow.ended[0][1]


def test_what_was_only_read_opens_no_run(plan, slow, tmp_path):
    live = LiveLog(Home(tmp_path))
    list(live.listen(plan, events(plan, reused=True)))
    live.settle(20)
    assert (slow.told, slow.ended) == ([], [])


def test_a_server_that_fails_is_left_alone(plan, slow, tmp_path, monkeypatch):
    def dead(*_arguments):
        raise EnvironmentProblem("does not answer")

    monkeypatch.setattr(live_run, "open_live_run", dead)
    live = LiveLog(Home(tmp_path))
    assert len(list(live.listen(plan, events(plan)))) == len(plan.cells) + 1
    live.settle(20)


def test_a_server_that_hangs_delays_nothing(plan, tmp_path, monkeypatch):
    with hanging_server() as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        live = LiveLog(Home(tmp_path))
        began = time.monotonic()
        list(live.listen(plan, events(plan)))
        assert time.monotonic() - began < 2.0

"""Kill a pull anywhere, let any write fail: folder and hub.lock are old or new, and running it again completes it."""

import contextlib
import errno
import itertools
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from evaluators.errors import EnvironmentProblem, ReportedError
from hub import exchange
from hub.project_lock import read_project_lock
from hub.verify import holds

#: The modules whose every executed line is a place to die at.
WRITING = ("pull", "order", "deliver", "place", "exchange", "staging", "blobs", "provenance", "project_lock")
FILES = {str(Path(exchange.__file__).with_name(f"{name}.py")) for name in WRITING}


def watch(reached) -> None:
    """Call `reached(file, line)` just before every line of ours that this process executes from now on."""

    def trace(frame, event, _):
        if frame.f_code.co_filename not in FILES:
            return None
        if event == "line":
            reached(frame.f_code.co_filename, frame.f_lineno)
        return trace

    sys.settrace(trace)


def places_to_die(action) -> list[int]:
    """Run an action; return the first and last time that each line of ours was reached, counted from the start."""
    reached: list[tuple[str, int]] = []
    before = sys.gettrace()
    watch(lambda *line: reached.append(line))
    try:
        action()
    finally:
        sys.settrace(before)
    first = {line: index for index, line in reversed(list(enumerate(reached, start=1)))}
    last = {line: index for index, line in enumerate(reached, start=1)}
    return sorted({*first.values(), *last.values()})


def kill(action, place: int) -> None:
    """Run an action in a child that SIGKILL ends at a place, as a power cut would."""
    child = os.fork()
    if child == 0:
        steps = itertools.count(1)
        watch(lambda *_: next(steps) == place and os.kill(os.getpid(), signal.SIGKILL))
        try:
            action()
        finally:
            os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


def reset(bench, template: Path) -> None:
    for name in ("project", "home"):
        shutil.rmtree(bench.root / name, ignore_errors=True)
        shutil.copytree(template / name, bench.root / name)


def is_version(bench, version: int) -> bool:
    return holds(bench.folder, bench.shelf.log[version - 1])


def locked_version(bench) -> int:
    return read_project_lock(bench.project).model_named("minilm").version


@pytest.fixture
def bench(bench):
    """The bench in memory where there is such a place: SIGKILL takes no disk, and fsync is slow."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        bench.root = Path(folder)
        bench.project.mkdir()
        yield bench


def kept(bench) -> Path:
    """Keep the state of project and machine, to start from it again."""
    template = bench.root / "template"
    for name in ("project", "home"):
        (bench.root / name).mkdir(exist_ok=True)
        shutil.copytree(bench.root / name, template / name)
    return template


@pytest.fixture
def upgrading(bench, second):
    """Version 1 is pulled, version 2 is approved; the state is kept to start from again."""
    bench.pull()
    bench.shelf.promote("minilm", second)
    return bench, kept(bench)


def assert_old_or_new(bench) -> None:
    assert is_version(bench, 1) or is_version(bench, 2)
    assert locked_version(bench) in (1, 2)
    # hub.lock never names what is not there yet.
    assert locked_version(bench) == 1 or is_version(bench, 2)


def assert_a_rerun_completes(bench) -> None:
    assert bench.pull().version == 2
    assert is_version(bench, 2)
    assert locked_version(bench) == 2
    assert bench.left_over() == []


# Python 3.12 warns of a fork in a process with threads; the child here runs no code that waits for another thread.
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.slow
def test_a_pull_that_is_killed_at_any_line_leaves_old_or_new_and_is_completed(upgrading):
    bench, template = upgrading
    places = places_to_die(bench.pull)
    assert len(places) > 250
    for place in places:
        reset(bench, template)
        kill(bench.pull, place)
        assert_old_or_new(bench)
        assert_a_rerun_completes(bench)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.slow
def test_a_first_pull_that_is_killed_at_any_line_leaves_nothing_or_all(bench):
    template = kept(bench)
    for place in places_to_die(bench.pull):
        reset(bench, template)
        kill(bench.pull, place)
        assert not bench.folder.exists() or is_version(bench, 1)
        assert not (bench.project / "hub.lock").exists() or (
            locked_version(bench) == 1 and is_version(bench, 1)
        )
        bench.pull()
        assert bench.verify().ok
        assert bench.left_over() == []


def failing_once(real, at: int, code: int):
    """Return `real`, failing with an errno at its n-th call, and the count of its calls."""
    calls = itertools.count(1)

    def call(*arguments, **options):
        if next(calls) == at:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **options)

    return call, calls


@pytest.mark.parametrize("name", ["fsync", "rename", "replace", "mkdir", "link", "fchmod"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_system_call_that_fails_is_reported_and_leaves_old_or_new(upgrading, monkeypatch, name, code):
    bench, template = upgrading
    for failing in itertools.count(1):
        reset(bench, template)
        with monkeypatch.context() as patch:
            call, calls = failing_once(getattr(os, name), failing, code)
            patch.setattr(os, name, call)
            with contextlib.suppress(ReportedError):
                bench.pull()
        assert_old_or_new(bench)
        assert_a_rerun_completes(bench)
        if next(calls) <= failing:
            break


@pytest.mark.parametrize(("name", "where"), [("fsync", "home"), ("mkdir", "home"), ("replace", "home")])
def test_a_full_disk_says_what_cannot_be_written(bench, monkeypatch, name, where):
    monkeypatch.setattr(os, name, failing_once(getattr(os, name), 1, errno.ENOSPC)[0])
    with pytest.raises(EnvironmentProblem, match=rf"{where}.*No space left"):
        bench.pull()


def test_a_connection_that_breaks_leaves_the_old_version(upgrading):
    bench, _ = upgrading

    def cut(blocks):
        yield blocks[0]
        raise EnvironmentProblem("memory:shelf went away")

    bench.shelf.transit = cut
    with pytest.raises(EnvironmentProblem, match="went away"):
        bench.pull()
    assert is_version(bench, 1)
    bench.shelf.transit = list
    assert_a_rerun_completes(bench)


def test_an_interrupt_by_the_user_leaves_the_old_version(upgrading):
    bench, _ = upgrading

    def interrupt(blocks):
        raise KeyboardInterrupt

    bench.shelf.transit = interrupt
    with pytest.raises(KeyboardInterrupt):
        bench.pull()
    assert is_version(bench, 1)
    assert bench.left_over() == []


def test_a_file_system_that_cannot_swap_two_names_is_served_by_two_renames(upgrading, monkeypatch):
    bench, _ = upgrading
    monkeypatch.setattr(exchange, "_swap", lambda *_: False)
    assert_a_rerun_completes(bench)


def test_the_second_of_two_renames_fails_and_the_first_is_taken_back(tmp_path, monkeypatch):
    monkeypatch.setattr(exchange, "_swap", lambda *_: False)
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    (old / "content").write_text("old")
    new.mkdir()
    real, calls = os.rename, itertools.count(1)

    def fail_second(*arguments):
        if next(calls) == 2:
            raise OSError(errno.EIO, "input/output error")
        real(*arguments)

    monkeypatch.setattr(os, "rename", fail_second)
    with pytest.raises(OSError, match="input/output"):
        exchange.exchange_folder(new, old)
    assert (old / "content").read_text() == "old"

"""Several pulls at once, into one store and into one project."""

import os
import traceback

import pytest

from evaluators.errors import ReportedError
from hub.project_lock import read_project_lock
from hub.pulling import PullRequest
from hub.pulling import pull as pull_one
from hub.reference import parse_reference
from hub.verify import verify

# Python 3.12 warns of a fork in a process with threads; the child here runs no code that waits for another thread.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def all_succeed(actions) -> bool:
    """Run each action in a process of its own, at once."""
    children = []
    for action in actions:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                action()
                code = 0
            except ReportedError:
                # The child's traceback would otherwise end with the child.
                traceback.print_exc()
            finally:
                os._exit(code)
        children.append(child)
    return all(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 for child in children)


def test_many_projects_pull_into_one_empty_store(bench):
    projects = [bench.root / f"project-{index}" for index in range(12)]
    for project in projects:
        project.mkdir()
    assert all_succeed([lambda project=project: bench.pull(project=project) for project in projects])
    assert all(verify(project / "models/minilm", keys=bench.keys).ok for project in projects)
    assert bench.left_over() == []


def test_many_models_pulled_into_one_project_all_stay_in_its_lock(bench, second):
    names = [f"model-{index}" for index in range(8)]
    for name in names:
        bench.shelf.promote(name, second)

    def pull(name):
        pull_one(PullRequest(parse_reference(name), bench.project), bench.origin)

    assert all_succeed([lambda name=name: pull(name) for name in names])
    assert [model.name for model in read_project_lock(bench.project).models] == names


def test_the_same_model_pulled_twice_at_once_is_whole(bench, second):
    bench.pull()
    bench.shelf.promote("minilm", second)
    assert all_succeed([bench.pull] * 6)
    assert bench.contents() == second
    assert bench.verify().ok
    assert bench.left_over() == []

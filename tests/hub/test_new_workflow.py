"""The workflow of a new catalog: its shell runs, its commands exist, strangers reach neither secrets nor machines."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from hub.cli.main import hub
from hub.new_catalog import new_catalog
from tests.hub.repositories import git, repository

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A repository as an organization has it after the first push."""
    folder = tmp_path_factory.mktemp("organizations") / "acme-catalog"
    new_catalog(folder, "acme")
    return repository(folder)


@pytest.fixture(scope="module")
def workflow(made) -> dict:
    return yaml.safe_load((made.checkout / ".github" / "workflows" / "catalog.yml").read_text())


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def scripts(workflow) -> dict[str, str]:
    return {
        f"{job}: {step['name']}": step["run"]
        for job, body in workflow["jobs"].items()
        for step in body["steps"]
        if "run" in step
    }


@pytest.fixture
def shell(tmp_path, made):
    """Run a script as a runner does: bash -eo pipefail, in a checkout, `hub` on the path."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "hub").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m hub.cli "$@"\n')
    (programs / "hub").chmod(0o755)

    def run(script: str, cwd: Path = made.checkout, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "MLFLOW_"))}
        environment = {
            **kept,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HUB_HOME": str(tmp_path / "home"),
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            **variables,
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)

    return run


def commands(script: str) -> list[list[str]]:
    """Return the words of every call of `hub` in a script."""
    found = re.findall(r"(?:^|[;|(]|\bdo|\bthen|\|\|)\s*hub ([^\n;|#]*)", script, re.MULTILINE)
    return [
        [word for word in re.split(r"\s+", re.sub(r"\s[<>].*", "", call).strip(")} ")) if word]
        for call in found
    ]


def test_every_command_of_ours_exists_with_its_options(workflow):
    calls = [call for script in scripts(workflow).values() for call in commands(script)]
    assert len(calls) >= 9
    for words in calls:
        command: click.Command = hub
        while isinstance(command, click.Group):
            name = words.pop(0)
            found = command.get_command(click.Context(command), name)
            assert found is not None, name
            command = found
        options = {name for parameter in command.params for name in parameter.opts}
        used = [word for word in words if word.startswith("--")]
        assert set(used) <= options, (command.name, used)


def test_every_script_is_bash_and_takes_nothing_of_an_event_into_its_text(workflow):
    for name, script in scripts(workflow).items():
        assert "${{" not in script, name
        checked = subprocess.run(["bash", "-n", "-c", script], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, (name, checked.stderr)


def test_a_fork_reaches_neither_the_gpu_machine_nor_a_secret(workflow):
    assert "pull_request_target" not in workflow[True]
    jobs = workflow["jobs"]
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    for name, job in jobs.items():
        if "self-hosted" in job["runs-on"]:
            assert own in job["if"], name
        if "secrets." in str(job):
            assert "github.event_name == 'push'" in job["if"], name
            assert job["environment"], name
    assert [name for name, job in jobs.items() if "secrets." in str(job)] == ["publish"]
    assert workflow[True]["push"]["branches"] == ["main"]


def test_permissions_are_the_least(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    granted = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}
    assert granted == {"comment": {"pull-requests": "write"}}
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


def test_the_check_job_passes_on_what_was_made(workflow, shell):
    for name in ("check: Check every file", "check: Compare the schemas for editors"):
        done = shell(scripts(workflow)[name])
        assert done.returncode == 0, done.stdout + done.stderr
        assert "::warning::" not in done.stdout


def test_the_check_job_fails_on_a_broken_card_and_warns_of_an_old_schema(workflow, shell, made, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(made.checkout, broken)
    (broken / "catalog" / "models" / "bad.yaml").write_text("id: bad\n")
    (broken / "schemas" / "task.schema.json").write_text("{}")
    done = shell(scripts(workflow)["check: Check every file"], cwd=broken)
    assert done.returncode == 4
    assert "models/bad.yaml" in done.stdout
    compared = shell(scripts(workflow)["check: Compare the schemas for editors"], cwd=broken)
    assert compared.returncode == 0
    assert compared.stdout.count("::warning::") == 1
    assert "schemas/task.schema.json" in compared.stdout


def changed(workflow, shell, tmp_path, cwd, **variables) -> dict[str, str]:
    output = tmp_path / "output"
    output.unlink(missing_ok=True)
    done = shell(scripts(workflow)["changed: Find the models and tasks that changed"], cwd, **variables)
    assert done.returncode == 0, done.stderr
    pairs = [line.split("=", 1) for line in output.read_text().splitlines()]
    return {name: " ".join(value.split()) for name, value in pairs}


def test_what_changed_is_found_from_git_alone(workflow, shell, made, tmp_path):
    checkout = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", made.url, str(checkout))
    new = {"models": "all-minilm-l6-v2", "tasks": "help-desk", "any": "true"}
    assert changed(workflow, shell, tmp_path, checkout, EVENT="push", BEFORE="0" * 40) == new

    work = repository_of(checkout)
    before = git(checkout, "rev-parse", "HEAD").strip()
    models = checkout / "catalog" / "models"
    (models / "all-minilm-l6-v2.lock.json").write_text("{}")
    (models / "proposal.yaml").write_text("id: proposal")
    (models / "$(touch pwned).yaml").write_text("x")
    (models / "-rf.yaml").write_text("x")
    (checkout / "catalog" / "data" / "help-desk" / "pool.csv").write_text("x")
    work("a model")
    only = {"models": "all-minilm-l6-v2", "tasks": "", "any": "true"}
    assert changed(workflow, shell, tmp_path, checkout, EVENT="push", BEFORE=before) == only

    git(checkout, "rm", "--quiet", "catalog/tasks/help-desk.yaml")
    (checkout / "README.md").write_text("changed")
    work("no more task")
    none = {"models": "", "tasks": "", "any": "false"}
    parent = git(checkout, "rev-parse", "HEAD^").strip()
    assert changed(workflow, shell, tmp_path, checkout, EVENT="push", BEFORE=parent) == none
    assert not list(tmp_path.rglob("pwned"))


def test_of_a_pull_request_only_its_own_changes_count(workflow, shell, made, tmp_path):
    checkout = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", made.url, str(checkout))
    work = repository_of(checkout)
    git(checkout, "switch", "--quiet", "--create", "proposal")
    task = checkout / "catalog" / "tasks" / "help-desk.yaml"
    task.write_text(task.read_text() + "# changed\n")
    work("a task")
    git(checkout, "switch", "--quiet", "main")
    card = checkout / "catalog" / "models" / "all-minilm-l6-v2.yaml"
    card.write_text(card.read_text() + "# changed on main meanwhile\n")
    work("main went on")
    git(
        checkout,
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@x",
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "m",
        "proposal",
    )
    found = changed(workflow, shell, tmp_path, checkout, EVENT="pull_request", BEFORE="")
    assert found == {"models": "", "tasks": "help-desk", "any": "true"}


def repository_of(checkout: Path):
    def commit(message: str) -> None:
        git(checkout, "add", "--all")
        git(checkout, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "-m", message)

    return commit


def test_without_a_signing_key_nothing_is_published(workflow, shell):
    script = scripts(workflow)["publish: Promote what the gate approves, and publish"]
    done = shell(script, SIGNING_KEY="", MLFLOW_TRACKING_TOKEN="")
    assert done.returncode != 0
    assert "HUB_SIGNING_KEY" in done.stderr


@pytest.fixture
def program(tmp_path):
    """Put a program of few lines on the path of `shell`; what it was called with is written down."""

    def put(name: str, answer: str) -> Path:
        calls = tmp_path / f"{name}.calls"
        path = tmp_path / "bin" / name
        path.write_text(f'#!/bin/sh\necho "$*" >> {calls}\n{answer}\n')
        path.chmod(0o755)
        return calls

    return put


def test_only_what_the_gate_approves_is_promoted_and_the_catalog_is_published(
    workflow, shell, made, program, tmp_path
):
    checkout = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", made.url, str(checkout))
    (checkout / "out" / "evidence").mkdir(parents=True)
    (checkout / "out" / "evidence" / "task-x.json").write_text("{}")
    (checkout / "keys" / "approvals.pub").write_text("ed25519 AAAA ana\n")
    verdicts = "printf 'good approved\\nbad refused\\nunclear insufficient evidence\\n'"
    calls = program("hub", f'[ "$1" != decide ] || {verdicts}; [ -z "$SIGNING_KEY" ]')
    program("gh", "echo 0123456789abcdef")
    done = shell(
        scripts(workflow)["publish: Promote what the gate approves, and publish"],
        checkout,
        SIGNING_KEY="pem",
        MLFLOW_TRACKING_TOKEN="",
        GITHUB_REPOSITORY="acme/catalog",
        GITHUB_ACTOR="ana",
        GITHUB_SHA="0123456789abcdef",
    )
    assert done.returncode == 0, done.stderr
    assert calls.read_text().splitlines() == [
        "trust add ed25519 AAAA ana",
        "decide out/evidence/task-x.json --format quiet",
        "promote good --evidence out/evidence/task-x.json --reason merged by ana as 0123456789ab: first",
        "sync",
    ]
    key = tmp_path / "hub" / "keys" / "signing.pem"
    assert key.read_text() == "pem\n"
    assert key.stat().st_mode & 0o077 == 0


def test_a_promotion_that_fails_publishes_nothing(workflow, shell, made, program, tmp_path):
    checkout = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", made.url, str(checkout))
    (checkout / "out" / "evidence").mkdir(parents=True)
    (checkout / "out" / "evidence" / "m.json").write_text("{}")
    calls = program("hub", '[ "$1" != decide ] || echo "m approved"; [ "$1" != promote ] || exit 6')
    script = scripts(workflow)["publish: Promote what the gate approves, and publish"]
    variables = dict.fromkeys(("SIGNING_KEY", "GITHUB_REPOSITORY", "GITHUB_ACTOR", "GITHUB_SHA"), "x")
    assert shell(script, checkout, MLFLOW_TRACKING_TOKEN="", **variables).returncode == 6
    assert "sync" not in calls.read_text()


@pytest.mark.parametrize(("conflicts", "code", "tries"), [(2, 0, 3), (9, 7, 5)])
def test_a_promotion_that_another_was_faster_than_is_tried_again(
    workflow, shell, made, program, tmp_path, conflicts, code, tries
):
    checkout = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", made.url, str(checkout))
    (checkout / "out" / "evidence").mkdir(parents=True)
    (checkout / "out" / "evidence" / "m.json").write_text("{}")
    count = f"$(grep -c ^promote {tmp_path / 'hub.calls'})"
    calls = program(
        "hub",
        f'[ "$1" != decide ] || echo "m approved"; [ "$1" != promote ] || [ {count} -gt {conflicts} ] || exit 7',
    )
    program("sleep", "true")
    program("gh", "echo x")
    script = scripts(workflow)["publish: Promote what the gate approves, and publish"]
    variables = dict.fromkeys(("SIGNING_KEY", "GITHUB_REPOSITORY", "GITHUB_ACTOR", "GITHUB_SHA"), "x")
    assert shell(script, checkout, MLFLOW_TRACKING_TOKEN="", **variables).returncode == code
    called = [line.split()[0] for line in calls.read_text().splitlines()]
    assert called.count("promote") == tries
    assert called.count("sync") == (1 if code == 0 else 0)


def test_only_the_newest_commit_publishes_the_catalog(workflow, shell, made, program):
    calls = program("hub", "true")
    asked = program("gh", "echo newer")
    script = scripts(workflow)["publish: Promote what the gate approves, and publish"]
    variables = dict.fromkeys(("SIGNING_KEY", "GITHUB_ACTOR", "GITHUB_SHA"), "x")
    done = shell(script, MLFLOW_TRACKING_TOKEN="", GITHUB_REPOSITORY="acme/catalog", **variables)
    assert done.returncode == 0, done.stderr
    assert "main has gone on to newer" in done.stdout
    assert asked.read_text() == "api repos/acme/catalog/commits/main --jq .sha\n"
    assert not calls.exists() or "sync" not in calls.read_text()


def test_no_run_drops_what_another_measured(workflow):
    assert "concurrency" not in workflow
    assert not [name for name, job in workflow["jobs"].items() if "concurrency" in job]


def test_nothing_is_installed_until_its_place_is_named(workflow, shell, program, tmp_path):
    installs = {name: script for name, script in scripts(workflow).items() if "pip install" in script}
    assert len(installs) == 3
    calls = program("python", "true")
    for name, script in installs.items():
        done = shell(script, BASEHUB_FROM=workflow["env"]["BASEHUB_FROM"], HOME=str(tmp_path))
        assert done.returncode != 0, name
        assert "say in .github/workflows/catalog.yml" in done.stderr
    assert not calls.exists()


def test_basehub_is_installed_from_the_place_alone(workflow, shell, program):
    calls = program("python", "true")
    script = scripts(workflow)["publish: Install"]
    assert shell(script, BASEHUB_FROM="https://packages.example.org/basehub.whl").returncode == 0
    assert (
        calls.read_text()
        == "-m pip install --quiet basehub[registry,demo] @ https://packages.example.org/basehub.whl\n"
    )


def test_every_model_and_task_that_changed_is_evaluated_and_reported(
    workflow, shell, made, program, tmp_path
):
    checkout = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", made.url, str(checkout))
    (tmp_path / "kept.json").write_text("evidence")
    answer = f'case "$1" in evaluate) echo \'{{"evidence": "{tmp_path}/kept.json"}}\';; report) echo "# page";; esac'
    calls = program("hub", answer)
    script = scripts(workflow)["evaluate: Evaluate what changed"]
    done = shell(script, checkout, MODELS=" a b", TASKS="t ", DEVICE="cuda")
    assert done.returncode == 0, done.stderr
    measured = [line for line in calls.read_text().splitlines() if line.startswith("evaluate")]
    options = "--final --no-log --device cuda --format json"
    assert measured == [
        f"evaluate a {options}",
        f"evaluate b {options}",
        f"evaluate --all --task t {options}",
    ]
    for folder, suffix in (("evidence", "json"), ("reports", "md")):
        kept = sorted(path.name for path in (checkout / "out" / folder).iterdir())
        assert kept == [f"a.{suffix}", f"b.{suffix}", f"task-t.{suffix}"]


@pytest.mark.parametrize("exists", [True, False])
def test_the_report_is_one_comment_that_is_edited(workflow, shell, program, tmp_path, exists):
    (tmp_path / "out" / "reports").mkdir(parents=True)
    (tmp_path / "out" / "reports" / "a.md").write_text("# page\n" * 20_000)
    calls = program("gh", "true" if exists else 'case "$*" in *--edit-last*) exit 1;; esac')
    done = shell(scripts(workflow)["comment: Comment the report"], tmp_path, NUMBER="7")
    assert done.returncode == 0, done.stderr
    edits = ["pr comment 7 --edit-last --body-file comment.md"]
    assert calls.read_text().splitlines() == edits + (
        [] if exists else ["pr comment 7 --body-file comment.md"]
    )
    # A comment of GitHub has at most 65,536 characters.
    assert (tmp_path / "comment.md").stat().st_size <= 65_536

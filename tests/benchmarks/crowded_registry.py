"""What 900 models of others on the same MLflow server cost: `python tests/benchmarks/crowded_registry.py`.

Two servers on SQLite, one with our model alone and one with 900 foreign models and their versions beside it. Prints the
requests and the seconds of each command on both, the minimum of interleaved rounds. Goal: not one request more, and
every foreign model as it was. HUB_RESULTS may name results that are there, so that nothing is measured first.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from hub.home import Home
from hub.server.serve import Serving, serve

ROOT = Path(__file__).parent.parent.parent
MODEL = "glyph-resnet"
FOREIGN = 900
REQUEST = re.compile(r'"(?:GET|POST|PUT|PATCH|DELETE) \S+ HTTP')


@dataclass(frozen=True)
class Place:
    """A server, and the homes of two people who use it."""

    name: str
    server: Serving
    folder: Path

    def hub(self, *arguments: str, home: str = "approver", here: str = ".") -> str:
        """Run `hub ARGUMENTS`; the approver has the catalog, others read it from the server."""
        variables = {
            name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "HUB_"))
        }
        variables |= {"MLFLOW_TRACKING_URI": self.server.url, "HUB_HOME": str(self._home(home))}
        if "HUB_RESULTS" in os.environ:
            variables["HUB_RESULTS"] = os.environ["HUB_RESULTS"]
        if home == "approver":
            variables["HUB_CATALOG"] = str(ROOT / "catalog")
        where = self.folder / here
        where.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "hub.cli", *arguments]
        variables["PYTHONPATH"] = str(ROOT)
        done = subprocess.run(command, env=variables, cwd=where, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def _home(self, name: str) -> Path:
        # One approver for both servers: what was measured once is promoted twice.
        return self.folder.parent / name if name == "approver" else self.folder / name

    def requests(self) -> int:
        """Count the requests that the server has answered."""
        return len(REQUEST.findall(self.server.log.read_text(encoding="utf-8", errors="replace")))


def main(rounds: int = 3) -> None:
    """Fill the servers, run every command `rounds` times on each in turn, and print the table."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        places = []
        for kind in ("alone", "crowded"):
            folder = Path(name) / kind
            folder.mkdir()
            home = Home(folder / "server")
            places.append(Place(kind, stack.enter_context(serve(home, 0, environment={})), folder))
        started = time.perf_counter()
        _fill(places[1].server.url)
        print(f"{FOREIGN} foreign models made in {time.perf_counter() - started:.0f} s")  # noqa: T201
        evaluation = ("evaluate", MODEL, "--task", "digits", "--strategy", "linear-probe", "--final")
        places[0].hub(*evaluation, "--no-log")
        for place in places:
            place.hub("promote", MODEL, "--reason", "benchmark")
            place.hub("sync")
        before = _foreign(places[1].server.url)
        _measure(places, rounds)
        assert _foreign(places[1].server.url) == before, "a foreign model was changed"
        print(f"{FOREIGN} foreign models as they were")  # noqa: T201


def _measure(places: list[Place], rounds: int) -> None:
    best: dict[tuple[str, str], tuple[int, float]] = {}
    for number in range(rounds):
        for place in places:
            line = place.hub("trust", "show", "--format", "quiet")
            someone = f"someone-{number}"
            place.hub("trust", "add", line, home=someone)
            for command, home in (
                (("sync",), "approver"),
                (("list", "--all"), someone),
                (("pull", MODEL), someone),
                (("history", "--refresh"), someone),
            ):
                asked, started = place.requests(), time.perf_counter()
                place.hub(*command, home=home, here=f"project-{number}")
                seconds = time.perf_counter() - started
                key = (" ".join(command), place.name)
                best[key] = (place.requests() - asked, min(seconds, best.get(key, (0, seconds))[1]))
    print(f"{'command':24}{'requests':>20}{'seconds':>20}")  # noqa: T201
    print(f"{'':24}{'alone':>10}{'crowded':>10}{'alone':>10}{'crowded':>10}")  # noqa: T201
    for command in dict.fromkeys(key[0] for key in best):
        (few, quick), (many, slow) = (best[command, place.name] for place in places)
        verdict = "" if many == few else "  MISSED: more requests"
        print(f"hub {command:20}{few:10}{many:10}{quick:10.2f}{slow:10.2f}{verdict}")  # noqa: T201


def _fill(url: str) -> None:
    """Make the models of others: a version, an alias and a tag each."""
    api = f"{url}/api/2.0/mlflow"
    with httpx.Client(timeout=30) as client:
        for number in range(FOREIGN):
            # Names that sort before and after ours, and some that begin like it.
            name = f"{('churn', MODEL, 'zeta')[number % 3]}-{number:03}"
            tags = [{"key": "team", "value": "other"}, {"key": "status", "value": "approved"}]
            for path, body in (
                ("registered-models/create", {"name": name, "description": "not ours", "tags": tags}),
                ("model-versions/create", {"name": name, "source": "s3://elsewhere/model"}),
                ("registered-models/alias", {"name": name, "alias": "approved", "version": "1"}),
            ):
                client.post(f"{api}/{path}", json=body).raise_for_status()


def _foreign(url: str) -> tuple[int, str]:
    """Return how many foreign models there are, and a digest of all that is said of them."""
    said, token = [], ""
    while True:
        params = {"max_results": "200", "page_token": token} if token else {"max_results": "200"}
        answer = httpx.get(f"{url}/api/2.0/mlflow/registered-models/search", params=params).json()
        said += [str(model) for model in answer["registered_models"] if model["name"] != MODEL]
        token = answer.get("next_page_token", "")
        if not token:
            return len(said), hashlib.sha256("".join(said).encode()).hexdigest()


if __name__ == "__main__":
    main()

"""Runs of an MLflow server and their files, over REST alone: on any machine, without mlflow and without its storage.

Files come through the server: the artifact proxy streams them as they are; where it is off, the routes of the UI do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from hub.registry.access import Access
from hub.registry.rest import NotFound, RestServer, pages, quoted
from hub.registry.rest_registry import API, PROXY
from hub.registry.run_files import LoggedModelFacts, Place, RunFacts, VersionFacts, missing, walked


class RestRunFiles:
    """The runs of one server; see `hub.registry.run_files.RunFiles`."""

    def __init__(self, uri: str, access: Access | None = None) -> None:
        self.server = RestServer(uri, access or Access())
        self._roots: dict[tuple[str | None, str | None], str] = {}

    @property
    def uri(self) -> str:
        """Where it is, without credentials."""
        return self.server.uri

    def run(self, run_id: str) -> RunFacts:
        """Return a run."""
        run = self._get("runs/get", {"run_id": run_id}, f"run {run_id}")["run"]
        info, data = run["info"], run.get("data", {})
        experiment = self._get(
            "experiments/get", {"experiment_id": info["experiment_id"]}, "experiment of that run"
        )
        tags = _pairs(data.get("tags"))
        return RunFacts(
            id=run_id,
            experiment=experiment["experiment"]["name"],
            user=tags.get("mlflow.user") or info.get("user_id", ""),
            started=int(info.get("start_time", 0)),
            artifacts=info["artifact_uri"],
            tags=tags,
            parameters=_pairs(data.get("params")),
            datasets=tuple(row["dataset"]["name"] for row in run.get("inputs", {}).get("dataset_inputs", [])),
            models=tuple(row["model_id"] for row in run.get("outputs", {}).get("model_outputs", [])),
        )

    def logged_model(self, model_id: str) -> LoggedModelFacts:
        """Return a logged model."""
        answer = self._get(f"logged-models/{quoted(model_id)}", {}, f"logged model {model_id}")
        info = answer["model"]["info"]
        return LoggedModelFacts(
            id=model_id,
            name=info.get("name", ""),
            run=info.get("source_run_id") or None,
            artifacts=info["artifact_uri"],
        )

    def version(self, name: str, number: str) -> VersionFacts:
        """Return a registered version, by its number or `@alias`."""
        if number.startswith("@"):
            model = self._get("registered-models/get", {"name": name}, f"model {name}")["registered_model"]
            aliases = {row["alias"]: str(row["version"]) for row in model.get("aliases", [])}
            if number[1:] not in aliases:
                raise missing(f"alias {number} of {name}", self.uri)
            number = aliases[number[1:]]
        params = {"name": name, "version": number}
        found = self._get("model-versions/get", params, f"version {number} of {name}")["model_version"]
        return VersionFacts(
            number=int(found["version"]),
            source=found.get("source", ""),
            run=found.get("run_id") or None,
            logged_model=found.get("model_id") or None,
        )

    def files(self, place: Place) -> Mapping[str, int | None]:
        """Return path inside the place -> size in bytes, sorted by path."""
        return walked(lambda folder: self._listing(place, folder), place.folder)

    def stream(self, place: Place, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        inside = f"{place.folder}/{path}" if place.folder else path
        root = self._root(place)
        params: dict[str, str] = {}
        if root.startswith("mlflow-artifacts:") and urlsplit(root).netloc in ("", self.server.host):
            route = PROXY + quoted(f"{urlsplit(root).path.strip('/')}/{inside}")
        elif place.model:
            route = f"/ajax-api/2.0/mlflow/logged-models/{quoted(place.model)}/artifacts/files"
            params = {"artifact_file_path": inside}
        else:
            route, params = "/get-artifact", {"run_uuid": place.run or "", "path": inside}
        try:
            yield from self.server.stream(route, params)
        except NotFound as error:
            raise missing(f"file {path} in {place}", self.uri) from error

    def _root(self, place: Place) -> str:
        key = (place.run, place.model)
        if key not in self._roots:
            self._roots[key] = (
                self.logged_model(place.model).artifacts
                if place.model
                else self.run(place.run or "").artifacts
            )
        return self._roots[key]

    def _listing(self, place: Place, folder: str) -> Iterator[tuple[str, bool, int | None]]:
        if place.model:
            path, params = f"logged-models/{quoted(place.model)}/artifacts/directories", {}
            inside = "artifact_directory_path"
        else:
            path, params, inside = "artifacts/list", {"run_id": place.run or ""}, "path"
        params |= {inside: folder} if folder else {}
        for page in pages(lambda asked: self._get(path, asked, str(place)), params):
            for row in page.get("files", []):
                size = row.get("file_size")
                yield row["path"], bool(row.get("is_dir")), None if size is None else int(size)

    def _get(self, path: str, params: Mapping[str, str], what: str) -> Any:
        try:
            return self.server.get(f"{API}/{path}", params)
        except NotFound as error:
            raise missing(what, self.uri) from error


def _pairs(rows: Any) -> dict[str, str]:
    return {row["key"]: row.get("value", "") for row in rows or []}

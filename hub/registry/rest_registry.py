"""Reading a registry on an MLflow server over REST alone: all that a pull needs, without mlflow installed.

The bytes of a version come by the fastest way that the server offers for its source: the artifact proxy streams a file
as it is, the routes of the UI are the fallback for stores that only the server can reach. Nothing that is read is
trusted: records are signed, and bytes are compared with the digests that a record names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from evaluators.errors import IntegrityError
from evaluators.names import RelativePath, is_safe_name
from hub.registry.access import Access
from hub.registry.registry import RESERVED, ModelVersion, RegisteredModel
from hub.registry.rest import NotFound, RestServer, pages, quoted

API = "/api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts/artifacts/"

#: MLflow does not list registered models that carry this tag with the value "true". See hub/registry/README.md.
UNLISTED = "mlflow.prompt.is_prompt"
#: Shown as a document on the page of an unlisted model's version.
PAGE = "mlflow.prompt.text"
#: Where a version's artifacts lie inside those of its run.
FOLDER = "version"

_PAGE_SIZE = "1000"
_PATH: TypeAdapter[str] = TypeAdapter(RelativePath)
_RUN_SOURCE = re.compile(r"runs:/([0-9a-f]{32})/(.+)")


class RestRegistry:
    """A registry behind http(s), for reading."""

    def __init__(self, uri: str, access: Access | None = None, *, tracking_uri: str | None = None) -> None:
        self.server = RestServer(uri, access or Access())
        self._runs = RestServer(tracking_uri, access or Access()) if tracking_uri else self.server
        self._sources: dict[tuple[str, int], tuple[str, str]] = {}

    @property
    def uri(self) -> str:
        """Where it is, without credentials."""
        return self.server.uri

    def model(self, name: str) -> RegisteredModel | None:
        """Return a registered model, or None."""
        try:
            answer: Any = self.server.get(f"{API}/registered-models/get", {"name": name})
        except NotFound:
            return None
        found = answer["registered_model"]
        tags = _tags(found)
        hidden = tags.pop(UNLISTED, "")
        return RegisteredModel(
            name=found["name"],
            description=found.get("description", ""),
            tags=tags,
            aliases={item["alias"]: int(item["version"]) for item in found.get("aliases", [])},
            listed=hidden.lower() != "true",
        )

    def versions(self, name: str) -> Sequence[ModelVersion]:
        """Return all versions of a model, lowest number first; empty if there is no such model."""
        if not is_safe_name(name):
            return ()
        params = {"filter": version_filter(name), "max_results": _PAGE_SIZE, "order_by": "version_number ASC"}
        try:
            found = [
                _version(item)
                for page in pages(
                    lambda asked: self.server.get(f"{API}/model-versions/search", asked), params
                )
                for item in page.get("model_versions", [])
            ]
        except NotFound:
            return ()
        return sorted(found, key=lambda version: version.number)

    def artifact(self, name: str, number: int, path: str) -> Iterator[bytes]:
        """Stream one artifact of a version.

        Raises:
            IntegrityError: If the version does not have it.
            EnvironmentProblem: If the server cannot be reached.
        """
        try:
            _PATH.validate_python(path)
            route, params = self._route(name, number, path)
            server = self.server if "name" in params else self._runs
            yield from server.stream(route, params)
        except (NotFound, ValidationError) as error:
            raise no_artifact(name, number, path) from error

    def _route(self, name: str, number: int, path: str) -> tuple[str, dict[str, str]]:
        """Return the request that answers with an artifact's bytes."""
        if (name, number) not in self._sources:
            self._sources[name, number] = self._source(name, number)
        source, run_id = self._sources[name, number]
        if source.startswith("mlflow-artifacts:") and urlsplit(source).netloc in ("", self._runs.host):
            return PROXY + quoted(f"{urlsplit(source).path.strip('/')}/{path}"), {}
        if run_id:
            return "/get-artifact", {"run_uuid": run_id, "path": f"{FOLDER}/{path}"}
        return "/model-versions/get-artifact", {"name": name, "version": str(number), "path": path}

    def _source(self, name: str, number: int) -> tuple[str, str]:
        """Return where a version's artifacts lie, and the run to ask for them instead ("": ask for the version)."""
        params = {"name": name, "version": str(number)}
        answer: Any = self.server.get(f"{API}/model-versions/get", params)
        version = answer["model_version"]
        source, run_id = str(version.get("source", "")), str(version.get("run_id", ""))
        folder = FOLDER
        if match := _RUN_SOURCE.fullmatch(source):
            run_id, folder = match.groups()
        elif name not in RESERVED:
            return source, ""
        if not run_id:
            return source, ""
        run: Any = self._runs.get(f"{API}/runs/get", {"run_id": run_id})
        root = str(run["run"]["info"]["artifact_uri"]).rstrip("/")
        return f"{root}/{folder}", run_id if folder == FOLDER else ""


def version_filter(name: str) -> str:
    """Return the search filter for the versions of a model: MLflow leaves out what is tagged as unlisted."""
    wanted = f"name='{name}'"
    return f"{wanted} AND tags.`{UNLISTED}` = 'true'" if name in RESERVED else wanted


def no_artifact(name: str, number: int, path: str) -> IntegrityError:
    """Return the error for an artifact that a version lacks."""
    return IntegrityError(
        f"{name} version {number} has no artifact {path}",
        hint="it was deleted after the promotion, or another registry answers; ask its owner",
    )


def _version(item: dict[str, Any]) -> ModelVersion:
    tags = _tags(item)
    description = item.get("description", "")
    if tags.pop(UNLISTED, None) is not None:
        description = tags.pop(PAGE, description)
    return ModelVersion(
        name=item["name"],
        number=int(item["version"]),
        description=description,
        tags=tags,
        source=item.get("source", ""),
        run_id=item.get("run_id") or None,
    )


def _tags(item: dict[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag.get("value", "") for tag in item.get("tags", [])}

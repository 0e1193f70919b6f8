"""The registry in MLflow: a database on this machine, or any MLflow server as an ordinary user.

Models that must not stand in MLflow's list of models carry the tag that marks prompts, which MLflow leaves out of every
search and list of models; its versions are then pages that people can read under Prompts. The tag never leaves this
file and `rest_registry.py`: everybody else says `listed`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from evaluators.errors import Conflict
from evaluators.names import RelativePath, is_safe_name
from hub.registry.connection import Connection, connect, is_missing, reported
from hub.registry.registry import OWNED, RESERVED, ModelVersion, NewVersion, RegisteredModel
from hub.registry.rest_registry import FOLDER, PAGE, UNLISTED, no_artifact, version_filter
from hub.registry.version_artifacts import read_file, upload

_PAGE_SIZE = 200
#: What MLflow wants as the source of a version without artifacts.
_NO_SOURCE = "prompt-template"
_PATH: TypeAdapter[str] = TypeAdapter(RelativePath)


class MlflowRegistry:
    """A registry that can be written."""

    def __init__(self, uri: str, tracking_uri: str | None = None) -> None:
        self._connection: Connection = connect(uri, tracking_uri)
        self._models = self._connection.models

    @property
    def uri(self) -> str:
        """Where it is, without credentials."""
        return self._connection.uri

    def model(self, name: str) -> RegisteredModel | None:
        """Return a registered model, or None."""
        from mlflow.exceptions import MlflowException

        with reported(self.uri):
            try:
                return _model(self._models.get_registered_model(name))
            except MlflowException as error:
                if is_missing(error):
                    return None
                raise

    def models(self) -> Sequence[RegisteredModel]:
        """Return every registered model that carries our tag, listed or not."""
        owned = f"tags.`{OWNED}` = 'true'"
        filters = (owned, f"{owned} AND tags.`{UNLISTED}` = 'true'")
        with reported(self.uri):
            found = [_model(item) for wanted in filters for item in self._search("registered_models", wanted)]
        return sorted(found, key=lambda model: model.name)

    def versions(self, name: str) -> Sequence[ModelVersion]:
        """Return all versions of a model, lowest number first; empty if there is no such model."""
        if not is_safe_name(name):
            return ()
        with reported(self.uri):
            found = [_version(item) for item in self._search("model_versions", version_filter(name))]
        return sorted(found, key=lambda version: version.number)

    def artifact(self, name: str, number: int, path: str) -> Iterator[bytes]:
        """Stream one artifact of a version.

        Raises:
            IntegrityError: If the version does not have it.
        """
        try:
            _PATH.validate_python(path)
            yield from read_file(self._connection, self._location(name, number), path)
        except (OSError, ValidationError) as error:
            raise no_artifact(name, number, path) from error

    def create_model(
        self, name: str, *, description: str, tags: Mapping[str, str], listed: bool = True
    ) -> None:
        """Create a registered model; tags in the given order.

        Raises:
            Conflict: If the name is taken.
        """
        hidden = {} if listed and name not in RESERVED else {UNLISTED: "true"}
        with reported(self.uri):
            self._models.create_registered_model(name, {**tags, **hidden}, description)

    def list_model(self, name: str, *, listed: bool) -> None:
        """Let a model stand in the list of models, or not."""
        with reported(self.uri):
            if listed:
                self._models.delete_registered_model_tag(name, UNLISTED)
            else:
                self._models.set_registered_model_tag(name, UNLISTED, "true")

    def describe_model(self, name: str, description: str) -> None:
        """Replace a model's description."""
        with reported(self.uri):
            self._models.update_registered_model(name, description)

    def set_model_tag(self, name: str, key: str, value: str) -> None:
        """Set a tag of a model."""
        with reported(self.uri):
            self._models.set_registered_model_tag(name, key, value)

    def delete_model_tag(self, name: str, key: str) -> None:
        """Delete a tag of a model."""
        with reported(self.uri):
            self._models.delete_registered_model_tag(name, key)

    def delete_model(self, name: str) -> None:
        """Delete a registered model with its versions."""
        with reported(self.uri):
            self._models.delete_registered_model(name)

    def create_version(self, new: NewVersion) -> ModelVersion:
        """Create a version, its artifacts uploaded, read back and compared first.

        Raises:
            IntegrityError: If what was read back is not what was sent.
            Conflict: If it has no artifacts and its model is not a reserved one.
        """
        if new.folder is None and new.name not in RESERVED:
            raise Conflict(f"a version of {new.name} needs artifacts; only the hub's own books have none")
        files = upload(self._connection, new, new.folder) if new.folder is not None else None
        tags, description, source = dict(new.tags), new.description, files.source if files else _NO_SOURCE
        if new.name in RESERVED:
            tags |= {UNLISTED: "true", PAGE: description}
            description, source = _first_line(description), _NO_SOURCE
        with reported(self.uri):
            created = self._models.create_model_version(
                new.name,
                source,
                run_id=files.run_id if files else None,
                tags=tags,
                description=description,
                await_creation_for=0,
            )
        return _version(created)

    def describe_version(self, name: str, number: int, description: str) -> None:
        """Replace a version's description."""
        with reported(self.uri):
            if name in RESERVED:
                self._models.set_model_version_tag(name, str(number), PAGE, description)
                description = _first_line(description)
            self._models.update_model_version(name, str(number), description)

    def set_version_tag(self, name: str, number: int, key: str, value: str) -> None:
        """Set a tag of a version."""
        with reported(self.uri):
            self._models.set_model_version_tag(name, str(number), key, value)

    def set_alias(self, name: str, alias: str, number: int) -> None:
        """Point an alias at a version."""
        with reported(self.uri):
            self._models.set_registered_model_alias(name, alias, str(number))

    def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias."""
        with reported(self.uri):
            self._models.delete_registered_model_alias(name, alias)

    def _search(self, what: str, wanted: str) -> Iterator[Any]:
        search, token = getattr(self._models, f"search_{what}"), None
        while True:
            page = search(filter_string=wanted, max_results=_PAGE_SIZE, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _location(self, name: str, number: int) -> str:
        """Return where a version's artifacts lie.

        Raises:
            FileNotFoundError: If there is no such version, or it has none.
        """
        from mlflow.exceptions import MlflowException

        with reported(self.uri):
            try:
                version = self._models.get_model_version(name, str(number))
                source = str(version.source)
                if name not in RESERVED and not source.startswith("runs:"):
                    return source
                if not version.run_id:
                    raise FileNotFoundError(f"version {number} of {name} has no files")
                run = self._connection.runs.get_run(version.run_id)
            except MlflowException as error:
                if is_missing(error):
                    raise FileNotFoundError(name) from error
                raise
        folder = source.removeprefix("runs:/").partition("/")[2] if source.startswith("runs:") else FOLDER
        return f"{run.info.artifact_uri.rstrip('/')}/{folder}"


def _first_line(page: str) -> str:
    return page.strip().partition("\n")[0].lstrip("# ")[:200]


def _model(found: Any) -> RegisteredModel:
    # `tags` of the entity leaves the marker out; `_tags` is what the registry holds.
    tags = dict(found._tags)
    hidden = tags.pop(UNLISTED, "")
    return RegisteredModel(
        name=found.name,
        description=found.description or "",
        tags=tags,
        aliases={alias: int(number) for alias, number in found.aliases.items()},
        listed=hidden.lower() != "true",
    )


def _version(found: Any) -> ModelVersion:
    tags, description = dict(found.tags), found.description or ""
    if tags.pop(UNLISTED, None) is not None:
        description = tags.pop(PAGE, description)
    return ModelVersion(
        name=found.name,
        number=int(found.version),
        description=description,
        tags=tags,
        source=found.source or "",
        run_id=found.run_id or None,
    )

"""Documented in-memory stand-ins that pass the same contract tests as the real thing, so that they cannot lie.

Use them where a test is about our own logic. `FakeRegistry` behaves as MLflow does where that matters: numbers are
handed out once, also after a deletion; an alias goes with its version; a tag that is set again keeps its place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from evaluators.errors import Conflict, EnvironmentProblem, IntegrityError
from hub.registry.registry import OWNED, RESERVED, ModelVersion, NewVersion, RegisteredModel


class Killed(BaseException):
    """The process is gone: not an Exception, so that no handler of ours can go on."""


@dataclass
class _Stored:
    description: str
    tags: dict[str, str]
    listed: bool
    aliases: dict[str, int] = field(default_factory=dict)
    versions: dict[int, ModelVersion] = field(default_factory=dict)
    files: dict[int, dict[str, bytes]] = field(default_factory=dict)
    handed_out: int = 0


@dataclass
class FakeRegistry:
    """A registry in memory.

    Attributes:
        writes: What was written, in order, as `verb name`.
        kill_at: Raise `Killed` instead of the write of this index (0 is the first); -1 never.
        before_version: Called once just before a version is made: where another writer gets in first.
    """

    writes: list[str] = field(default_factory=list)
    kill_at: int = -1
    before_version: object = None
    uri: str = "memory:"
    _models: dict[str, _Stored] = field(default_factory=dict)

    def model(self, name: str) -> RegisteredModel | None:
        found = self._models.get(name)
        if found is None:
            return None
        return RegisteredModel(name, found.description, dict(found.tags), dict(found.aliases), found.listed)

    def models(self) -> Sequence[RegisteredModel]:
        found = [self.model(name) for name in sorted(self._models)]
        return [model for model in found if model is not None and model.tags.get(OWNED) == "true"]

    def versions(self, name: str) -> Sequence[ModelVersion]:
        found = self._models.get(name)
        return [found.versions[number] for number in sorted(found.versions)] if found else []

    def artifact(self, name: str, number: int, path: str) -> Iterator[bytes]:
        found = self._models.get(name)
        try:
            data = found.files[number][path]  # type: ignore[union-attr]
        except (AttributeError, KeyError):
            raise IntegrityError(f"{name} version {number} has no artifact {path}") from None
        yield data

    def create_model(
        self, name: str, *, description: str, tags: Mapping[str, str], listed: bool = True
    ) -> None:
        if name in self._models:
            raise Conflict(f"{name} exists")
        self._write("create_model", name)
        self._models[name] = _Stored(description, dict(tags), listed and name not in RESERVED)

    def list_model(self, name: str, *, listed: bool) -> None:
        self._write("list_model", name)
        self._stored(name).listed = listed

    def describe_model(self, name: str, description: str) -> None:
        self._write("describe_model", name)
        self._stored(name).description = description

    def set_model_tag(self, name: str, key: str, value: str) -> None:
        self._write("set_model_tag", name)
        self._stored(name).tags[key] = value

    def delete_model_tag(self, name: str, key: str) -> None:
        self._write("delete_model_tag", name)
        self._stored(name).tags.pop(key, None)

    def delete_model(self, name: str) -> None:
        self._write("delete_model", name)
        self._stored(name)
        del self._models[name]

    def create_version(self, new: NewVersion) -> ModelVersion:
        if new.folder is None and new.name not in RESERVED:
            raise Conflict(f"a version of {new.name} needs artifacts")
        if self.before_version is not None:
            intruder, self.before_version = self.before_version, None
            intruder()  # type: ignore[operator]
        self._write("create_version", new.name)
        stored = self._stored(new.name)
        stored.handed_out += 1
        number = stored.handed_out
        made = ModelVersion(new.name, number, new.description, dict(new.tags), f"memory:{new.name}/{number}")
        stored.versions[number] = made
        if new.folder is not None:
            files = [path for path in new.folder.rglob("*") if path.is_file()]
            stored.files[number] = {
                path.relative_to(new.folder).as_posix(): path.read_bytes() for path in files
            }
        return made

    def describe_version(self, name: str, number: int, description: str) -> None:
        self._write("describe_version", name)
        self._replace(name, number, description=description)

    def set_version_tag(self, name: str, number: int, key: str, value: str) -> None:
        self._write("set_version_tag", name)
        tags = {**self._stored(name).versions[number].tags, key: value}
        self._replace(name, number, tags=tags)

    def set_alias(self, name: str, alias: str, number: int) -> None:
        self._write("set_alias", name)
        if number not in self._stored(name).versions:
            raise EnvironmentProblem(f"{name} has no version {number}")
        self._stored(name).aliases[alias] = number

    def delete_alias(self, name: str, alias: str) -> None:
        self._write("delete_alias", name)
        self._stored(name).aliases.pop(alias, None)

    # What a person can do in MLflow's own UI, and what the hub never does.

    def drop_version(self, name: str, number: int) -> None:
        stored = self._stored(name)
        del stored.versions[number]
        stored.aliases = {alias: at for alias, at in stored.aliases.items() if at != number}

    def overwrite_artifact(self, name: str, number: int, path: str, data: bytes) -> None:
        self._stored(name).files[number][path] = data

    def _stored(self, name: str) -> _Stored:
        if name not in self._models:
            raise EnvironmentProblem(f"there is no registered model {name}")
        return self._models[name]

    def _replace(self, name: str, number: int, **changes: object) -> None:
        versions = self._stored(name).versions
        versions[number] = dataclasses.replace(versions[number], **changes)  # type: ignore[arg-type]

    def _write(self, verb: str, name: str) -> None:
        if len(self.writes) == self.kill_at:
            raise Killed
        self.writes.append(f"{verb} {name}")

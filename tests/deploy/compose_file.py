"""deploy/compose.yaml as processes of this machine: its commands, environments and health checks, with other places.

In: the file, the variables of `.env`, and which text of the file means which place on this machine. Out: for each
service what to start and how to ask whether it is well. Nothing is added, so a test that starts these starts what
compose starts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parents[2] / "deploy" / "compose.yaml"

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")


@dataclass(frozen=True)
class Service:
    """A service as compose reads it.

    Attributes:
        command: Argument list; empty if the image has its own.
        environment: Its variables.
        check: Argument list of the health check.
        described: All that the file says of it.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    check: tuple[str, ...]
    described: Mapping[str, Any]

    def here(self, programs: Mapping[str, str], places: Mapping[str, str]) -> Service:
        """Return the service as it is started on this machine.

        Args:
            programs: Name of a program in the image to its path here.
            places: Argument, or part of an argument or a variable, to what stands for it here. What has neither a
                colon nor a slash is replaced as a whole argument only: a port is no part of another number.
        """

        def placed(text: str) -> str:
            for there, here in places.items():
                if ":" in there or "/" in there:
                    text = text.replace(there, here)
            return text

        def arguments(items: tuple[str, ...]) -> tuple[str, ...]:
            rest = tuple(places.get(item, placed(item)) for item in items[1:])
            return tuple(programs[item] for item in items[:1]) + rest

        environment = {name: placed(value) for name, value in self.environment.items()}
        return Service(arguments(self.command), environment, arguments(self.check), self.described)


class Unset(Exception):
    """A variable that must be set is not."""


def services(variables: Mapping[str, str]) -> dict[str, Service]:
    """Return the services of the file.

    Raises:
        Unset: With the file's own message, if a variable that must be set is empty or missing.
    """
    described = _interpolated(yaml.safe_load(FILE.read_text(encoding="utf-8")), variables)["services"]
    return {name: _service(item) for name, item in described.items()}


def _service(item: Mapping[str, Any]) -> Service:
    test = item["healthcheck"]["test"]
    assert test[0] == "CMD", "a health check without a shell can be run here as it is"
    return Service(tuple(item.get("command", ())), dict(item["environment"]), tuple(test[1:]), item)


def _interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    """Replace ${NAME}, ${NAME:-default} and ${NAME:?message} in every text, as compose does."""
    if isinstance(value, dict):
        return {key: _interpolated(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_interpolated(item, variables) for item in value]
    if not isinstance(value, str):
        return value

    def chosen(match: re.Match[str]) -> str:
        found = variables.get(match["name"], "")
        if not found and match["kind"] == "?":
            raise Unset(match["rest"])
        return found or (match["rest"] or "" if match["kind"] == "-" else "")

    return _VARIABLE.sub(chosen, value)

"""The JSON Schemas of the documents in a catalog, so that an editor completes keys and marks errors as one types.

In: a kind of document. Out: its schema as text, the same each time. It is made from the model that reads the files, so
an editor and `hub catalog check` cannot differ on a key.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from evaluators.errors import UsageProblem

if TYPE_CHECKING:
    from pydantic import BaseModel

#: Kind of document -> the folder of a catalog whose YAML files are of it.
KINDS = {"card": "models", "task": "tasks", "protocol": "protocols", "policy": "policies"}


def schema_text(kind: str) -> str:
    """Return the JSON Schema of a kind of document, ending in a newline.

    Raises:
        UsageProblem: If there is no such kind.
    """
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_model(kind).model_json_schema(by_alias=True),
    }
    return json.dumps(document, indent=1) + "\n"


def _model(kind: str) -> type[BaseModel]:
    """Return the model of a kind; imported when asked for, because the program's help needs only the names."""
    match kind:
        case "card":
            from hub.card import Card

            return Card
        case "task":
            from evaluators.task import Task

            return Task
        case "protocol":
            from evaluators.protocol import Protocol

            return Protocol
        case "policy":
            from hub.policy import Policy

            return Policy
    raise UsageProblem(f"unknown kind of document {kind!r}", hint=f"kinds: {', '.join(KINDS)}")

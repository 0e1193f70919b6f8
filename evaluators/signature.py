"""A signature as documents carry it; making and checking one is the hub's."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from evaluators.document import Document


class Signature(Document):
    """An Ed25519 signature over the document's canonical bytes without this field."""

    key_id: str
    value: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/=]+$")]

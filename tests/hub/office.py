"""All that a promotion needs, small and real: a catalog of two cards, keys, evidence, decisions, bytes on disk."""

from __future__ import annotations

import copy
import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evaluators.candidate import FileEntry
from evaluators.canonical import canonical_json, digest_of_bytes
from evaluators.evidence import Evidence
from hub.card import Card
from hub.catalog import Catalog
from hub.gate import decide
from hub.lock import Lock
from hub.promote import promote
from hub.promotion_log import History, Record, read_history
from hub.promotion_request import PromotionRequest
from hub.registry.mlflow_log import RegistryLog
from hub.registry.registry import Registry
from hub.signing import KeyRing, Signer
from tests import approval, synthetic

NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)

_MEASURED: dict[str, Evidence] = {}


@dataclass
class Office:
    """A person who promotes, and what they promote.

    Attributes:
        folder: Where catalog and bytes lie.
        names: Ids of the cards.
        signer: Whose approvals they are.
        told: What `promote` and `sync` told.
    """

    folder: Path
    names: tuple[str, ...] = ("mini", "other")
    signer: Signer = field(default_factory=lambda: signer_of("ana@example.org"))
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in self.names:
            for path, data in self.files(name).items():
                target = self.bytes_of(name) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        (self.folder / "catalog" / "models").mkdir(parents=True, exist_ok=True)
        (self.folder / "catalog" / "models" / "mini.yaml").write_text("id: mini\n")

    @property
    def keys(self) -> KeyRing:
        return trusting(self.signer)

    @property
    def catalog(self) -> Catalog:
        cards = {name: self.card(name) for name in self.names}
        return Catalog(self.folder / "catalog", cards, {name: self.lock(name) for name in self.names})

    def files(self, name: str) -> dict[str, bytes]:
        return {"config.json": b"{}", "model.safetensors": f"weights of {name}".encode()}

    def bytes_of(self, name: str) -> Path:
        return self.folder / "bytes" / name

    def card(self, name: str) -> Card:
        return approval.card(id=name, title=name.title())

    def lock(self, name: str) -> Lock:
        entries = tuple(
            FileEntry(path=path, size=len(data), sha256=digest_of_bytes(data))
            for path, data in sorted(self.files(name).items())
        )
        return approval.lock().model_copy(update={"files": entries})

    def evidence(self, name: str = "mini", **changes: Any) -> Evidence:
        made = _measured(self.card(name), self.lock(name), changes)
        signature = self.signer.sign(canonical_json(made.unsigned))
        return made.model_copy(update={"signature": signature})

    def request(self, name: str = "mini", **changes: Any) -> PromotionRequest:
        card, lock, policy = self.card(name), self.lock(name), approval.policy()
        evidence = changes.pop("evidence", None) or self.evidence(name)
        values = {
            "card": card,
            "lock": lock,
            "folder": self.bytes_of(name),
            "decision": decide(card, lock, evidence, policy, today=approval.TODAY),
            "evidence": evidence,
            "policy": policy,
            "reason": "Better than TF-IDF at every size.",
            "now": NOW,
        }
        return PromotionRequest(**{**values, **changes})

    def promote(self, registry: Registry, request: PromotionRequest | None = None) -> Record:
        return promote(
            request or self.request(),
            registry,
            log=RegistryLog(registry),
            signer=self.signer,
            keys=self.keys,
            tell=self.told.append,
        )

    def history(self, registry: Registry) -> History:
        return read_history(RegistryLog(registry).entries(), self.keys)


def _measured(card: Card, lock: Lock, changes: dict[str, Any]) -> Evidence:
    """Return unsigned evidence, made once: measuring takes half a second."""
    key = repr((card.id, lock.digest, changes))
    if key not in _MEASURED:
        _MEASURED[key] = synthetic.evidence(approval.world(card, lock, **changes))
    return _MEASURED[key]


def signer_of(owner: str) -> Signer:
    return Signer(owner, Ed25519PrivateKey.generate())


def trusting(*signers: Signer) -> KeyRing:
    return KeyRing({signer.public.id: signer.public for signer in signers})


def state_of(registry: Any) -> Any:
    """Return what a FakeRegistry shows, without how it came to show it."""
    return copy.deepcopy(registry._models)

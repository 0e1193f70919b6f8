"""A whole hub in memory, and projects that pull from it: signatures, store, folders and hub.lock are the real ones."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evaluators.candidate import FileEntry, manifest_digest
from evaluators.canonical import digest_of_bytes
from evaluators.errors import EnvironmentProblem, IntegrityError
from hub.blobs import BlobStore
from hub.deliver import Origin
from hub.home import Home
from hub.promotion_log import GENESIS, ApprovedTask, Entry, History, Record, read_history
from hub.pulling import Pulled, PullRequest, pull, restore
from hub.reference import parse_reference
from hub.registry.registry import ModelVersion, RegisteredModel
from hub.signing import KeyRing, Signer
from hub.verify import Verification, verify

FIRST = {"config.json": b'{"one": 1}', "model.safetensors": b"first weights", "1_Pooling/config.json": b"{}"}
SECOND = {"config.json": b'{"two": 2}', "model.safetensors": b"other weights", "tokenizer.json": b"[]"}
TASK = ApprovedTask(
    task="banking77",
    task_digest="0" * 64,
    strategy="lora",
    labels_per_class=5,
    labels=385,
    score="81.2 | [80, 82]",
    metric="accuracy",
    value=0.812,
    subject="1" * 64,
    findings_digest="2" * 64,
    since=1,
)


def new_signer(owner: str) -> Signer:
    return Signer(owner, Ed25519PrivateKey.generate())


def trusting(*signers: Signer) -> KeyRing:
    return KeyRing({signer.public.id: signer.public for signer in signers})


def entries_of(files: Mapping[str, bytes]) -> tuple[FileEntry, ...]:
    return tuple(
        FileEntry(path=path, size=len(data), sha256=digest_of_bytes(data))
        for path, data in sorted(files.items())
    )


class Shelf:
    """A registry and a promotion log in memory: `RegistryReader` and `PromotionLog`, and levers to break them.

    Attributes:
        artifacts: (model, version, path) -> bytes; change them to tamper.
        aliases: model -> alias -> version, as the registry shows them; move them by hand.
        transit: Applied to the blocks of every artifact on its way.
        offline: Nothing answers.
        served: Paths of the artifacts that were streamed.
    """

    uri = "memory:shelf"

    def __init__(self, signer: Signer) -> None:
        self.signer = signer
        self.artifacts: dict[tuple[str, int, str], bytes] = {}
        self.aliases: dict[str, dict[str, int]] = {}
        self.log: list[Record] = []
        self.transit: Callable[[list[bytes]], list[bytes]] = list
        self.offline = False
        self.served: list[str] = []

    def promote(
        self,
        model: str,
        files: Mapping[str, bytes],
        *,
        alias: str = "approved",
        library: str = "transformers",
    ):
        version = 1 + max((number for name, number, _ in self.artifacts if name == model), default=0)
        for path, data in files.items():
            self.artifacts[model, version, f"model/{path}"] = data
        entries = entries_of(files)
        record = Record(
            sequence=len(self.log) + 1,
            previous=self.log[-1].digest if self.log else GENESIS,
            model=model,
            version=version,
            model_digest=manifest_digest(entries),
            files=entries,
            library=library,
            tasks=(TASK,),
            findings_digest="1" * 64,
            policy="default",
            policy_digest="2" * 64,
            alias=alias,
            approver="ana@example.org",
            reason="better at every size",
            created="2026-03-01T10:00:00Z",
        )
        self.aliases.setdefault(model, {})[alias] = version
        return self.append(record)

    def withdraw(self, model: str, version: int, reason: str = "licence revoked") -> Record:
        made = next(r for r in self.log if r.model == model and r.version == version)
        update = {
            "sequence": len(self.log) + 1,
            "previous": self.log[-1].digest,
            "action": "withdraw",
            "reason": reason,
            "created": "2026-04-01T10:00:00Z",
            "signature": None,
        }
        return self.append(made.model_copy(update=update))

    def append(self, record: Record) -> Record:
        self.log.append(self.signed(record))
        return self.log[-1]

    def signed(self, record: Record) -> Record:
        return record.model_copy(update={"signature": self.signer.sign(record.signed_bytes)})

    def history(self, *signers: Signer) -> History:
        return read_history(self.entries(), trusting(*(signers or (self.signer,))))

    def entries(self) -> list[Entry]:
        self._answer()
        return [Entry(number, record) for number, record in enumerate(self.log, start=1)]

    def model(self, name: str) -> RegisteredModel | None:
        self._answer()
        known = self.aliases.get(name)
        return None if known is None else RegisteredModel(name=name, description="", tags={}, aliases=known)

    def versions(self, name: str) -> list[ModelVersion]:
        self._answer()
        numbers = sorted({number for model, number, _ in self.artifacts if model == name})
        return [ModelVersion(name=name, number=n, description="", tags={}, source="") for n in numbers]

    def artifact(self, name: str, number: int, path: str) -> Iterator[bytes]:
        self._answer()
        data = self.artifacts.get((name, number, path))
        if data is None:
            raise IntegrityError(f"{name} version {number} has no artifact {path}")
        self.served.append(path)
        yield from self.transit(
            [data[at : at + 5] for at in range(0, len(data), 5)] if len(data) < 999 else [data]
        )

    def _answer(self) -> None:
        if self.offline:
            raise EnvironmentProblem("memory:shelf cannot be reached")


@dataclasses.dataclass
class Bench:
    """A person with a project, a machine with a store, and the hub that both talk to."""

    shelf: Shelf
    root: Path
    keys: KeyRing

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def folder(self) -> Path:
        return self.project / "models" / "minilm"

    @property
    def lock_text(self) -> str:
        return (self.project / "hub.lock").read_text()

    @property
    def store(self) -> BlobStore:
        return BlobStore(Home(self.root / "home"))

    @property
    def origin(self) -> Origin:
        return Origin(self.shelf, self.shelf, self.keys, self.store)

    def pull(self, text: str = "minilm", **options) -> Pulled:
        request = PullRequest(parse_reference(text), options.pop("project", self.project), **options)
        return pull(request, self.origin)

    def restore(self) -> tuple[Pulled, ...]:
        return restore(self.project, self.origin)

    def verify(self) -> Verification:
        return verify(self.folder, keys=self.keys)

    def forget_store(self) -> None:
        for path in (self.root / "home" / "blobs" / "sha256").glob("??/*"):
            path.unlink()

    def contents(self) -> dict[str, bytes]:
        """The model's files, without ours."""
        files = {
            path.relative_to(self.folder).as_posix(): path
            for path in self.folder.rglob("*")
            if path.is_file()
        }
        return {name: path.read_bytes() for name, path in files.items() if not name.startswith(".hub/")}

    def left_over(self) -> list[str]:
        return [str(path) for path in self.root.rglob(".staged-*")]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(new_signer("ana@example.org"))


@pytest.fixture
def bench(shelf, tmp_path) -> Bench:
    """`minilm` version 1 is approved; nothing is pulled yet."""
    shelf.promote("minilm", FIRST)
    (tmp_path / "project").mkdir()
    return Bench(shelf, tmp_path, trusting(shelf.signer))


@pytest.fixture
def first() -> dict[str, bytes]:
    return dict(FIRST)


@pytest.fixture
def second() -> dict[str, bytes]:
    return dict(SECOND)


@pytest.fixture
def stranger() -> Signer:
    """Somebody whose key this machine does not trust."""
    return new_signer("mallory@example.org")

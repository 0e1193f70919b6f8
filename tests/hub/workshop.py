"""All that promoting an adapted model needs, small and real: a base that reads what words cannot tell, a catalog task.

The texts are single letters: TF-IDF drops words of one letter, so only the base tells the classes apart. All else
is the product's own: training, folders, evidence, signatures, records.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import yaml

from evaluators.candidate import Candidate, FileEntry
from evaluators.canonical import canonical_json, digest_of_file
from evaluators.data.samples import LabelledSet
from evaluators.data.task_data import TaskData, load_task
from evaluators.engine.adaptation import Adaptation
from evaluators.strategy import strategy
from evaluators.task import Task
from hub.adapted.model import read_adapted
from hub.adapted.promotion import Outcome, Person, Telling, promote_folder
from hub.adapted.record import AskedToPromote
from hub.adapted.training import AdaptRequest, adapt
from hub.blobs import BlobStore
from hub.card import Card
from hub.catalog import Catalog
from hub.gate import decide
from hub.home import Home
from hub.lock import Lock
from hub.policy import Policy
from hub.promote import promote
from hub.promotion_log import History, Record, read_history
from hub.promotion_request import PromotionRequest
from hub.registry.mlflow_log import RegistryLog
from hub.registry.registry import Registry
from hub.results_place import access_log, results_at
from hub.signing import KeyRing, Signer
from tests import approval, synthetic
from tests.fakes_models import tiny_bert
from tests.hub.office import signer_of, trusting

NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
BASE, TASK = "letters-base", "letters"
_CLASSES = ("abc", "def", "ghi")
_FILLER = "klmnopqrst"
_POLICY = (
    "licence",
    "lifecycle",
    "final-scores",
    "no-leak",
    "gain-over-best-baseline",
    "gain-over-incumbent",
)


@dataclass
class Workshop:
    """A person who adapts an approved base to a task of the catalog.

    Attributes:
        folder: Where everything lies.
        signer: Whose word it is.
        told: What a promotion told.
    """

    folder: Path
    signer: Signer = field(default_factory=lambda: signer_of("ana@example.org"))
    told: list[str] = field(default_factory=list)
    margin: float = 0.05
    items: int = 60
    """Items of each class, in the pool and in the test."""
    metric: str = "accuracy"

    def __post_init__(self) -> None:
        self.candidate, self.base = letters_bert(self.folder / "base")
        self.home = Home(self.folder / "home").ready()
        self.store = BlobStore(self.home)
        for entry in self.candidate.files:
            self.store.write([(self.base / entry.path).read_bytes()], entry)
        self._write_catalog()

    @property
    def keys(self) -> KeyRing:
        return trusting(self.signer)

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.folder / "catalog", {BASE: self.card()}, {BASE: self.lock()})

    @property
    def task(self) -> Task:
        return self.catalog.task(TASK)

    @property
    def policy(self) -> Policy:
        return self.catalog.policy("default")

    @property
    def files(self) -> dict[str, Path]:
        return {name: self.folder / "catalog" / f"{name}.csv" for name in ("pool", "test")}

    @property
    def data(self) -> TaskData:
        return load_task(self.task, self.files)

    def card(self, **changes: object) -> Card:
        values = {"id": BASE, "title": "Letters", "library": "transformers", "input": self.candidate.input}
        return approval.card(**{**values, **changes})

    def lock(self) -> Lock:
        return Lock(schema=1, files=self.candidate.files, structure=self.candidate.structure)

    def adapt(
        self, name: str = "letter-router", how: str = "linear-probe", *, wrong: float = 0.0, seed: int = 0
    ) -> Path:
        """Write an adapted model's folder; `wrong` is the share of its training labels that are exchanged."""
        data, row = self.data, strategy(how)
        settings = {
            **row.defaults_for("text"),
            **({"max_steps": 6, "min_steps": 6} if "epochs" in row.defaults else {}),
        }
        adaptation = Adaptation(self.candidate, self.base, row, settings, data.labels)
        request = AdaptRequest(
            adaptation=adaptation,
            base_record=None,
            task=self.task,
            data=data,
            everything=spoilt(data.development, wrong),
            seed=seed,
            into=self.folder / name,
        )
        adapt(request, self.store, silent, now=NOW)
        return request.into

    def approve_base(
        self, registry: Registry, task: str = TASK, card: Card | None = None, **changes: object
    ) -> Record:
        """Promote the base, on synthetic evidence."""
        card, lock, policy = card or self.card(), self.lock(), approval.policy()
        made = synthetic.evidence(approval.world(card, lock, task=task, **changes))
        evidence = made.model_copy(update={"signature": self.signer.sign(canonical_json(made.unsigned))})
        decision = decide(card, lock, evidence, policy, today=approval.TODAY)
        request = PromotionRequest(card, lock, self.base, decision, evidence, policy, "It is good.", NOW)
        log = RegistryLog(registry)
        return promote(request, registry, log=log, signer=self.signer, keys=self.keys, tell=self.told.append)

    def promote(self, folder: Path, registry: Registry, **changes: object) -> Outcome:
        """Promote an adapted model's folder, as `hub promote --adapted` does."""
        values = {
            "folder": folder, "name": None, "reason": "Better than the words alone.", "policy": "default",
            "results": str(self.home.results), "who": "ana", "now": NOW, "device": "cpu",
        }  # fmt: skip
        asked = AskedToPromote(**{**values, **changes})
        person = Person(self.signer, self.keys)
        telling = Telling(self.told.append, self.told.append)
        return promote_folder(asked, self.catalog, registry, self.home, person=person, telling=telling)

    def reads(self) -> int:
        """Return how many cells ever read the locked test."""
        return access_log(results_at(str(self.home.results), self.home)).count(self.task.splits_digest)

    def withdraw(self, registry: Registry, record: Record) -> Record:
        history = self.history(registry)
        update = {
            "sequence": history.next_number, "previous": history.head, "action": "withdraw",
            "reason": "licence revoked", "signature": None,
        }  # fmt: skip
        unsigned = record.model_copy(update=update)
        signed = unsigned.model_copy(update={"signature": self.signer.sign(unsigned.signed_bytes)})
        RegistryLog(registry).append(signed, signed.sequence)
        return signed

    def history(self, registry: Registry) -> History:
        return read_history(RegistryLog(registry).entries(), self.keys)

    def _write_catalog(self) -> None:
        catalog = self.folder / "catalog"
        for kind in ("models", "tasks", "policies", "protocols"):
            (catalog / kind).mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng(0)
        for name in ("pool", "test"):
            rows = [letters_row(random, label) for _ in range(self.items) for label in range(3)]
            (catalog / f"{name}.csv").write_text("body,queue\n" + "\n".join(dict.fromkeys(rows)) + "\n")
        task = {
            "schema": 1, "id": TASK, "title": "Letters", "description": "Which letters.", "modality": "text",
            "owner": "tests", "licence": "CC0-1.0", "margin": self.margin, "metric": self.metric,
            "files": {
                name: {
                    "sha256": digest_of_file(path), "size": path.stat().st_size, "mirrors": [f"catalog:{name}.csv"],
                    "format": "csv", "text": "body", "label": "queue",
                }
                for name, path in self.files.items()
            },
            "splits": {
                "train": {"file": "pool"}, "validation": {"carve": "train", "fraction": 0.2}, "test": {"file": "test"},
            },
        }  # fmt: skip
        (catalog / "tasks" / f"{TASK}.yaml").write_text(yaml.safe_dump(task))
        rules = [row for row in approval.RULES if row.kind in _POLICY]
        policy = approval.policy(*rules).model_dump(mode="json", by_alias=True)
        (catalog / "policies" / "default.yaml").write_text(yaml.safe_dump(policy))


def letters_row(random: np.random.Generator, label: int) -> str:
    """Return a line of the table: letters that anybody uses, and two of a class."""
    letters = [*random.choice(list(_FILLER), random.integers(3, 9)), *random.choice(list(_CLASSES[label]), 2)]
    return f"{' '.join(random.permutation(letters))},queue {label}"


def letters_bert(folder: Path) -> tuple[Candidate, Path]:
    """Write a tiny BERT whose words are single letters."""
    candidate, _ = tiny_bert(folder, name=BASE)
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    special = [word for word in tokenizer["model"]["vocab"] if word.startswith("[")]
    words = [*special, *"".join(_CLASSES), *_FILLER]
    tokenizer["model"]["vocab"] = {word: index for index, word in enumerate(words)}
    path.write_text(json.dumps(tokenizer))
    files = tuple(
        FileEntry(
            path=row.path, size=(folder / row.path).stat().st_size, sha256=digest_of_file(folder / row.path)
        )
        for row in candidate.files
    )
    return candidate.model_copy(update={"files": files}), folder


def spoilt(group: LabelledSet, share: float) -> LabelledSet:
    """Return a set in which the first samples carry another label."""
    labels = group.labels.copy()
    many = round(share * len(labels))
    labels[:many] = (labels[:many] + 1) % 3
    return LabelledSet(group.name, group.samples, labels)


def silent(_what: str) -> Callable[[int, int], None]:
    return lambda _done, _total: None


def lineage_of(folder: Path) -> str:
    return read_adapted(folder).lineage

"""What a person typed becomes one model of a run, whatever a registry or an MLmodel says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from evaluators.errors import InvalidDocument
from hub.registry.run_files import LoggedModelFacts, Place, RunFacts, VersionFacts, missing
from hub.run_place import take

RUN = "0" * 32
WHOLE = ("config.json", "model.safetensors")


@dataclass
class FakeRuns:
    """One run at /store/RUN/artifacts, with files, and one registered version of it."""

    stored: Mapping[str, bytes] = field(default_factory=dict)
    source: str = ""
    uri: str = "sqlite:///x"

    def run(self, run_id: str) -> RunFacts:
        return RunFacts(run_id, "encoders", "ana", 0, f"/store/{run_id}/artifacts")

    def logged_model(self, model_id: str) -> LoggedModelFacts:
        raise missing(model_id, self.uri)

    def version(self, _name: str, number: str) -> VersionFacts:
        return VersionFacts(int(number), self.source, RUN, None)

    def files(self, place: Place) -> Mapping[str, int | None]:
        below = f"{place.folder}/" if place.folder else ""
        return {
            path.removeprefix(below): len(data)
            for path, data in self.stored.items()
            if path.startswith(below)
        }

    def stream(self, place: Place, path: str) -> Iterator[bytes]:
        yield self.stored[f"{place.folder}/{path}" if place.folder else path]


def model(mlmodel: bytes | None = None) -> dict[str, bytes]:
    files = {f"model/{name}": b"x" for name in WHOLE}
    return files if mlmodel is None else {**files, "model/MLmodel": mlmodel}


def test_an_mlmodel_that_expands_without_end_is_refused():
    rows = "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nflavors: {transformers: {model_binary: *b}}\n"
    with pytest.raises(
        InvalidDocument, match=r"model/MLmodel:1: anchors and aliases .* are not allowed"
    ) as raised:
        take(f"runs:/{RUN}/model", FakeRuns(model(rows.encode())))
    assert raised.value.hint == "log the model again"


@pytest.mark.parametrize(
    ("mlmodel", "said"), [(b"a: [", "not YAML"), (b"x" * 300_000, "is larger than 262,144 bytes")]
)
def test_an_mlmodel_that_cannot_be_read_is_told(mlmodel, said):
    with pytest.raises(InvalidDocument, match=said):
        take(f"runs:/{RUN}/model", FakeRuns(model(mlmodel)))

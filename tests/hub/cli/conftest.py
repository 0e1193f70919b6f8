"""The command line as a person runs it: errors become messages and exit codes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.cli.main import main

ROOT = Path(__file__).parent.parent.parent.parent


@dataclass(frozen=True)
class Ran:
    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def run_hub(monkeypatch, capsys, tmp_path) -> Callable[..., Ran]:
    """Run `hub ARGUMENTS` in this process with an empty HUB_HOME and the repository's catalog."""
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HUB_CATALOG", str(ROOT / "catalog"))
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr("sys.argv", ["hub", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Ran(int(ended.value.code or 0), captured.out, captured.err)

    return run

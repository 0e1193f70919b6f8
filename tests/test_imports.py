"""Importing has no effect, and the light commands stay light: looked at in `sys.modules` of a fresh interpreter."""

import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import evaluators
import hub

ROOT = Path(__file__).parent.parent
HEAVY = {"torch", "mlflow", "transformers", "timm", "peft", "datasets", "evaluate", "sklearn"}
WATCH = "import sys, json; {code}; print(json.dumps(sorted(m for m in sys.modules if '.' not in m)))"


def modules_after(code: str, home: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", WATCH.format(code=code)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "HUB_HOME": str(home)},
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def invoke(*arguments: str) -> str:
    """Return code that runs a command in its interpreter."""
    return (
        "from click.testing import CliRunner; from hub.cli.main import hub; "
        f"r = CliRunner().invoke(hub, {list(arguments)!r}); assert r.exit_code == 0, (r.output, r.exception)"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("list", "--all"),
        ("show", "all-minilm-l6-v2"),
        ("plan", "glyph-resnet", "--task", "digits"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_light_commands_import_neither_torch_nor_mlflow(arguments, tmp_path):
    assert not HEAVY & modules_after(invoke(*arguments), tmp_path)


def test_the_help_of_the_program_loads_no_command(tmp_path):
    loaded = modules_after(invoke("--help"), tmp_path)
    assert not {"pydantic", "yaml", "httpx", "cryptography", "rich", "numpy"} & loaded


def names(package) -> list[str]:
    return [
        module.name
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not module.name.endswith("__main__")
    ]


def test_importing_every_light_module_has_no_effect(tmp_path):
    computing = (
        "evaluators.engine",
        "evaluators.backbones",
        "evaluators.metrics.adapters",
        "evaluators.peers",
        "evaluators.pretraining",
        "evaluators.selfcheck",
    )
    light = [n for n in names(evaluators) + names(hub) if not n.startswith(computing) and "mlflow" not in n]
    loaded = modules_after("import " + ", ".join(light), tmp_path / "home")
    assert not HEAVY & loaded
    assert not (tmp_path / "home").exists()

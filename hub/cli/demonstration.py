"""`hub demo`: the whole flow on real models, by the same functions as the commands, in a registry of its own."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from evaluators.errors import GateRefused
from hub.cli.options import find_checkout, home
from hub.cli.output import Output

PROJECT = "demo-project"
#: What would lead the demonstration to places that others use.
ELSEWHERE = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "HUB_RESULTS", "HUB_DATA")


@dataclass(frozen=True)
class Stage:
    """A step of the demonstration: what a person would type, and why."""

    why: str
    command: tuple[str, ...]
    refused: bool = False
    """Whether the gate is meant to refuse it."""


STAGES = (
    Stage("The catalog: which base models are wanted, and what is known of each.", ("list", "--all")),
    Stage("Make the registry show the catalog and the promotion log: nothing is approved yet.", ("sync",)),
    Stage(
        "What would it cost to measure a sentence encoder on help-desk messages?",
        ("plan", "all-minilm-l6-v2", "--task", "help-desk", "--final"),
    ),
    Stage(
        "Measure it: every rung of the ladder, beside from-scratch and TF-IDF, and judge it on the locked test.",
        ("evaluate", "all-minilm-l6-v2", "--task", "help-desk", "--final"),
    ),
    Stage(
        "The in-house vision base on handwritten digits.",
        ("evaluate", "glyph-resnet", "--task", "digits", "--final"),
    ),
    Stage(
        "Approve both: a signed record each, and the version around the exact bytes in MLflow.",
        ("promote", "all-minilm-l6-v2", "--reason", "demo: beats TF-IDF and from-scratch on help-desk"),
    ),
    Stage("", ("promote", "glyph-resnet", "--reason", "demo: beats pixels and from-scratch on digits")),
    Stage("Pull it into a project; hub.lock pins the bytes.", ("pull", "all-minilm-l6-v2")),
    Stage("Check the project's copy, byte for byte, offline.", ("verify", "models/all-minilm-l6-v2")),
    Stage(
        "The badly made variant of the vision base: same architecture, worse pre-training.",
        ("evaluate", "glyph-resnet-plain", "--task", "digits", "--final"),
    ),
    Stage(
        "Promoting it anyway is refused.",
        ("promote", "glyph-resnet-plain", "--reason", "demo: let me"),
        refused=True,
    ),
)
IN_PROJECT = frozenset({"pull", "verify"})


@click.command()
def demo() -> None:
    """Run the whole flow on real models, in a registry of its own under HUB_HOME.

    It pays no heed to MLFLOW_TRACKING_URI. A second run is fast, because nothing changed.
    """
    output = Output("human")
    place = home().root / "demo"
    folder = find_checkout(None)
    project = Path.cwd() / PROJECT
    project.mkdir(exist_ok=True)
    with _environment(place, folder):
        for stage in STAGES:
            _play(stage, project, output)
    output.say(
        f"\n[bold]Done.[/bold] The project is {PROJECT}/; look at the approved models and the evaluations in MLflow:"
    )
    program = shlex.quote(str(Path(sys.argv[0])))
    output.command(f"env -u MLFLOW_TRACKING_URI HUB_HOME={shlex.quote(str(place))} {program} server")


def _play(stage: Stage, project: Path, output: Output) -> None:
    from hub.cli.main import hub

    if stage.why:
        output.say(f"\n[bold cyan]# {stage.why}[/bold cyan]")
    output.say(f"[bold]$ hub {shlex.join(stage.command)}[/bold]")
    before = Path.cwd()
    if stage.command[0] in IN_PROJECT:
        os.chdir(project)
    try:
        hub.main(list(stage.command), standalone_mode=False)
    except GateRefused as refusal:
        if not stage.refused:
            raise
        output.say(
            f"[red]refused[/red] (exit code {refusal.exit_code}), as it should be: {refusal.message.splitlines()[0]}"
        )
    else:
        if stage.refused:
            raise AssertionError("the gate let through what the demonstration expects it to refuse")
    finally:
        os.chdir(before)


@contextmanager
def _environment(place: Path, catalog: Path) -> Iterator[None]:
    """The demo's own HUB_HOME, no other registry and no shared results, until the context is left."""
    before = dict(os.environ)
    for name in ELSEWHERE:
        os.environ.pop(name, None)
    os.environ |= {"HUB_HOME": str(place), "HUB_CATALOG": str(catalog.absolute())}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

"""The command `hub`: a static map of commands, and the one place where errors for people become exit codes.

The help of the whole program is printed from the map alone, so it imports no command.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from evaluators.errors import ReportedError

#: Name -> (group, `module:attribute`, one line of help). Help of the whole program is printed from here alone.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": ("Use", "hub.cli.initialising:init", "Choose the catalog to use; or start your own."),
    "list": ("Use", "hub.cli.models:list_models", "Models of the catalog, and what each is approved for."),
    "show": ("Use", "hub.cli.models:show", "One model, task, strategy, protocol or policy."),
    "leaderboard": (
        "Use",
        "hub.cli.leaderboard:leaderboard_command",
        "Models and strategies of a task, by score.",
    ),
    "recommend": ("Use", "hub.cli.recommending:recommend", "Which model, adapted how, for your data."),
    "adapt": ("Use", "hub.cli.adapting:adapt", "Train the winning strategy on all your labels."),
    "pull": ("Use", "hub.cli.projects:pull", "Bring approved models into this project, verified."),
    "verify": ("Use", "hub.cli.projects:verify", "Check a pulled folder, byte for byte, offline."),
    "propose": (
        "Approve",
        "hub.cli.proposing:propose",
        "Start with a new model: its facts, its bytes pinned.",
    ),
    "plan": ("Approve", "hub.cli.evaluations:plan", "What an evaluation would measure and cost."),
    "evaluate": (
        "Approve",
        "hub.cli.evaluations:evaluate",
        "Measure models on your tasks; may they be approved?",
    ),
    "run": ("Approve", "hub.cli.evaluations:run", "Compute a plan anywhere (CI, GPU machine, scheduler)."),
    "task": ("Approve", "hub.cli.tasks:task", "Start a task of the catalog from your own data."),
    "decide": ("Approve", "hub.cli.decisions:decide", "Judge a stored report again, by changed rules."),
    "report": ("Approve", "hub.cli.decisions:report", "A report as a page: terminal or Markdown."),
    "promote": ("Approve", "hub.cli.promotions:promote", "Approve a model: signed, and shown in MLflow."),
    "history": ("Operate", "hub.cli.promotions:history", "Who approved what, when and why."),
    "sync": ("Operate", "hub.cli.registries:sync", "Make MLflow show what is approved."),
    "server": ("Operate", "hub.cli.registries:server", "Start the MLflow UI on this hub's store."),
    "catalog": ("Operate", "hub.cli.catalogs:catalog", "Check the catalog's files; pin a model's bytes."),
    "trust": ("Operate", "hub.cli.trust:trust", "Whose signatures this machine accepts."),
    "doctor": ("Operate", "hub.cli.doctor:doctor", "What works on this machine, and what is missing."),
    "selfcheck": (
        "Operate",
        "hub.cli.selfchecking:selfcheck",
        "Published results, computed again: PASS or FAIL.",
    ),
    "demo": ("Operate", "hub.cli.demonstration:demo", "The whole flow on real models, in its own registry."),
}

GROUPS = {
    "Use": "Use approved models",
    "Approve": "Approve a model",
    "Operate": "Operate the hub",
}


class HubCommand(click.Group):
    """A group that loads a command's module only when that command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return all names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][1].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Resolve a command, or name the nearest ones."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from evaluators.names import unknown_name

            raise unknown_name("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands by group."""
        for group, title in GROUPS.items():
            rows = [(name, text) for name, (of, _, text) in COMMANDS.items() if of == group]
            with formatter.section(title):
                formatter.write_dl(rows, col_max=12)


@click.command(
    cls=HubCommand,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `hub list`; `hub show WORD` explains a word. Exit codes: 0 done, 1 defect, 2 usage, 3 refused, "
    "4 invalid catalog or report, 5 environment, 6 integrity, 7 conflict, 130 interrupted (run it again to go on).",
)
@click.version_option(package_name=None, version="0.1.0", prog_name="hub")
def hub() -> None:
    """Approved base models for your projects, and the reports that approved them."""


def main() -> None:
    """Run the command line and exit by the table of exit codes."""
    try:
        code = hub.main(standalone_mode=False)
    except ReportedError as error:
        _report(error.message, error.hint)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if missing in {"hub", "evaluators", ""}:
            raise
        extra = "registry" if missing == "mlflow" else "evaluate"
        _report(f"this command needs {missing}, which is not installed", f"pip install 'basehub[{extra}]'")
        sys.exit(5)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _report("interrupted; nothing is half done", "run the same command again to go on where it stopped")
        sys.exit(130)
    except OSError as error:
        # The last net, under the places that know better what to do.
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        _report(f"a file could not be used: {what}", "is it there, is it yours, and is there room?")
        sys.exit(5)
    sys.exit(code if isinstance(code, int) else 0)


def _report(message: str, hint: str | None) -> None:
    from evaluators.names import (
        without_controls,
    )  # the last net: a message may quote a server, a stranger's file

    click.echo(f"{click.style('error:', fg='red', bold=True)} {without_controls(message)}", err=True)
    if hint:
        click.echo(f"{click.style('hint:', fg='cyan', bold=True)}  {without_controls(hint)}", err=True)


if __name__ == "__main__":
    main()

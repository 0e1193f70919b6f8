"""The help teaches: every command stands in it by group, every option says what it is for."""

import click
import pytest
from click.testing import CliRunner

from hub import __version__
from hub.cli.main import COMMANDS, GROUPS, hub


def test_the_help_shows_every_command_under_its_group():
    text = CliRunner().invoke(hub, ["--help"]).output
    positions = [text.index(title) for title in GROUPS.values()]
    assert positions == sorted(positions)
    for name, (_, _, line) in COMMANDS.items():
        assert f"  {name}" in text
        assert line.split()[0] in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_loads_and_every_option_has_help(name):
    command = hub.get_command(click.Context(hub), name)
    assert command is not None
    assert command.help
    for sub in [command, *getattr(command, "commands", {}).values()]:
        assert sub.help
        for parameter in sub.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"hub {name} --{parameter.name} has no help"


def test_the_line_of_a_command_fits_80_columns():
    assert all(len(line) <= 66 for _, _, line in COMMANDS.values())


def test_an_unknown_command_names_the_nearest(run_hub):
    done = run_hub("evalute")
    assert done.exit_code == 2
    assert "did you mean evaluate" in done.stderr


def test_the_version_is_the_packages(run_hub):
    assert run_hub("--version").stdout.strip().endswith(__version__)

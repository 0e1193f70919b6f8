"""Six words are enough to use the hub; every other one is explained, and the first help pages do without them."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli.main import COMMANDS, hub
from hub.glossary import MORE, SIX, glossary_table, meaning

ROOT = Path(__file__).parents[2]
#: Words of the glossary that are plain English where the help uses them, or name a file that people see.
PLAIN = {"catalog", "run", "rule", "final", "lock", "margin", "policy", "protocol", "seed"}
HIDDEN = sorted(set(MORE) - PLAIN)


def words_in(text: str) -> list[str]:
    flat = " ".join(
        re.sub(r"--[a-z-]+", "", text.lower()).split()
    )  # an option may be called as what it is about
    return [word for word in HIDDEN if re.search(rf"\b{re.escape(word)}s?\b", flat)]


def test_the_table_for_people_is_the_one_of_the_program():
    assert (ROOT / "catalog" / "README.md").read_text().endswith(glossary_table())


def test_a_word_is_shown_by_its_name(monkeypatch, tmp_path):
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    ran = CliRunner().invoke(hub, ["show", "shifted set", "--catalog", str(ROOT / "catalog")])
    assert MORE["shifted set"] in " ".join(ran.output.split())
    assert meaning("Locked  Test") == MORE["locked test"]
    assert meaning("nothing of ours") is None


def test_the_first_help_page_needs_only_six_words():
    assert words_in(CliRunner().invoke(hub, ["--help"]).output) == []


#: Commands about a file that bears the name.
NAMED = {"propose": ["card"], "catalog": ["card"], "promote": ["adapted model"]}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_needs_only_six_words(command):
    """And the names of the files that a command is about."""
    pages = [[command]]
    pages += [[command, name] for name in getattr(hub.get_command(None, command), "commands", {})]
    for page in pages:
        words = words_in(CliRunner().invoke(hub, [*page, "--help"]).output)
        assert words in ([], NAMED.get(command))


def test_the_first_page_of_the_readme_needs_only_six_words():
    text = (ROOT / "README.md").read_text()
    first = re.sub(r"```.*?```", "", text[: text.index("## Ten minutes by hand")], flags=re.DOTALL)
    assert words_in(first) == []
    for word in SIX:
        assert word in first

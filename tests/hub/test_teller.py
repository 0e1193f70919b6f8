"""What a person is told reaches a terminal as text, never as a command to it."""

import pytest

from evaluators.names import printable
from hub.cli.main import _report
from hub.teller import Teller

EVIL = "a\x1b]0;own\x07\x1b[2J\x9bb\rc [red]x"


@pytest.mark.parametrize(
    "say", [Teller().note, Teller().warn, lambda text: _report(text, text)], ids=["note", "warn", "error"]
)
def test_control_characters_are_not_sent_to_a_terminal(say, capsys):
    say(EVIL)
    told = capsys.readouterr().err
    assert "own" in told
    assert "[red]x" in told
    assert not set("\x1b\x07\x9b\r") & set(told)


def test_what_others_say_is_one_line_of_bounded_length():
    assert printable("a\n\tb\u2028c\u202ed\ud800") == "a b c d"
    assert printable("x" * 1000, 10) == "x" * 10

"""A teller that keeps what it is told."""

from hub.teller import Teller


class Listening(Teller):
    """Keeps what it is told."""

    def __init__(self):
        self.notes, self.warnings = [], []

    def note(self, text):
        self.notes.append(text)

    def warn(self, text):
        self.warnings.append(text)

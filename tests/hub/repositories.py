"""Real git repositories for tests: a bare one, as a server holds it, and the checkout that feeds it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_WHO = ("-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false")


@dataclass(frozen=True)
class Repository:
    """A bare repository and its checkout.

    Attributes:
        checkout: Where files are changed.
        bare: What others clone.
    """

    checkout: Path
    bare: Path

    @property
    def url(self) -> str:
        return self.bare.as_uri()

    def commit(self, message: str = "a change") -> str:
        """Commit all that was changed and push it; return the commit."""
        git(self.checkout, "add", "--all")
        git(self.checkout, *_WHO, "commit", "--quiet", "--allow-empty", "--message", message)
        git(self.checkout, "push", "--quiet", str(self.bare), "HEAD")
        return git(self.checkout, "rev-parse", "HEAD").strip()


def repository(folder: Path) -> Repository:
    """Make a repository of an existing folder, with what lies in it as the first commit."""
    bare = folder.with_name(f"{folder.name}.git")
    git(folder.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    git(folder, "init", "--quiet", "--initial-branch=main")
    made = Repository(folder, bare)
    made.commit("first")
    return made


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, without the configuration of who runs the tests."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout

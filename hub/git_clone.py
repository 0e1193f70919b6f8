"""One commit of a git repository as plain files, by the `git` that is installed.

In: an address, a branch or tag, an empty folder, and how long it may take. Out: the commit, and its files in the
folder, without history. Invariants: git never asks a person, runs no hook, fetches no submodule and uses no transport
beyond those that `hub.catalog_place` lets through; a password of the address is neither shown nor an argument, which
every user of the machine can list; a link that leads out of the files is refused.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from evaluators.errors import EnvironmentProblem, InvalidDocument, UsageProblem
from evaluators.names import printable
from hub.address import Address, parse_address

#: What a git that runs us (in a hook, an alias) would make ours believe.
_INHERITED = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE",
)  # fmt: skip
_TRANSPORTS = "file:http:https:ssh"
#: What git runs to be told a password: it answers from the environment, which only its owner can read.
_HELPER = (
    '!f() { test "$1" = get || return 0; printf "username=%s\npassword=%s\n" "$HUB_GIT_USER" '
    '"$HUB_GIT_PASSWORD"; }; f'
)
_CONFIG = (
    "protocol.ext.allow=never",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "submodule.recurse=false",
    "gc.auto=0",
    "advice.detachedHead=false",
)


def clone(address: str, ref: str | None, folder: Path, *, seconds: float) -> str:
    """Bring the newest commit of a branch or tag into an empty folder.

    Args:
        address: Any address that git knows; a path of this machine too.
        ref: Branch or tag; None: the repository's own.
        folder: Existing and empty; receives the files, without `.git`.
        seconds: After so long git is stopped.

    Returns:
        The commit, 40 hex digits.

    Raises:
        EnvironmentProblem: If git is missing, cannot read the repository, or takes longer.
        InvalidDocument: If a link leads out of the files.
    """
    branch = ["--branch", ref] if ref else []
    options = ["--quiet", "--depth=1", "--no-local", "--no-tags", "--no-recurse-submodules", "--template="]
    place = parse_address(address)
    _git(["clone", *options, *branch, "--", place.bare, str(folder)], place, seconds)
    commit = _git(["-C", str(folder), "rev-parse", "HEAD"], place, seconds).strip()
    shutil.rmtree(folder / ".git")
    _refuse_links_out(folder, place)
    return commit


def _git(arguments: list[str], address: Address, seconds: float) -> str:
    command = ["git", *(part for setting in _CONFIG for part in ("-c", setting)), *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in _INHERITED}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    environment.setdefault("GIT_ALLOW_PROTOCOL", _TRANSPORTS)
    environment |= _login(address, environment)
    try:
        # A session of its own: ssh finds no terminal to ask for a passphrase, and its helpers end with it.
        process = subprocess.Popen(  # noqa: S603 - a list, no shell; the address stands behind `--`
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise EnvironmentProblem(
            f"the catalog lies in a git repository, and there is no program `git` here ({error.strerror})",
            hint="install git, or name a folder: hub init FOLDER",
        ) from error
    try:
        told, complained = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise EnvironmentProblem(
            f"{address.shown} did not answer within {seconds:.0f} s",
            hint=f"is the network there? By hand: git ls-remote {address.shown}",
        ) from error
    finally:
        _end(process)
    if process.returncode != 0:
        raise EnvironmentProblem(
            f"git cannot read {address.shown}: {_said(address.hidden_in(complained))}",
            hint=_hint(complained, address.shown),
        )
    return told


def _login(address: Address, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which git gets user and password, for this server alone; {} if the address names none.

    A header would go wherever the server redirects to; a credential is asked for by host.
    """
    if address.user is None:
        return {}
    if address.password is None:
        settings = [(f"credential.{address.server}.username", address.user)]
    else:
        # Other helpers could answer first with another account, and would be told to keep this one.
        settings = [("credential.helper", ""), (f"credential.{address.server}.helper", _HELPER)]
    first = int(environment.get("GIT_CONFIG_COUNT") or 0)
    named = {"HUB_GIT_USER": address.user, "HUB_GIT_PASSWORD": address.password or ""}
    if any(ord(char) < 32 for value in named.values() for char in value):
        raise UsageProblem(
            f"user or password for {address.shown} has a control character", hint="use a credential helper"
        )
    for number, (key, value) in enumerate(settings, start=first):
        named |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {**named, "GIT_CONFIG_COUNT": str(first + len(settings))}


def _hint(complained: str, shown: str) -> str:
    """Return the next step for what git complained of."""
    if "Remote branch" in complained:
        return f"its branches and tags: git ls-remote {shown}"
    hint = f"does `git ls-remote {shown}` work without asking? Use an ssh agent or a credential helper"
    if shown.startswith("http"):
        hint += f"; for an MLflow server: MLFLOW_TRACKING_URI={shown} hub init mlflow"
    return hint


def _end(process: subprocess.Popen[str]) -> None:
    """End git and what it started, if they still run."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _said(complained: str) -> str:
    """Return git's own last word: its last fatal line, or the line before where that one says nothing."""
    lines = [shown for line in complained.splitlines() if (shown := printable(line))]
    fatal = [number for number, line in enumerate(lines) if line.startswith("fatal:")]
    if not fatal:
        return lines[-1] if lines else "it said nothing"
    last = lines[fatal[-1]]
    if "Could not read from remote repository" in last and fatal[-1] > 0:
        return lines[fatal[-1] - 1]
    return last


def _refuse_links_out(folder: Path, address: Address) -> None:
    """Refuse symbolic links that lead out of the files, or name a place of this machine."""
    root = os.path.realpath(folder)
    for parent, folders, files in os.walk(folder):
        for path in (Path(parent, name) for name in (*folders, *files)):
            if not path.is_symlink():
                continue
            target = path.readlink()
            if target.is_absolute() or not Path(os.path.realpath(path)).is_relative_to(root):
                raise InvalidDocument(
                    f"{address.shown}: {path.relative_to(folder)} is a link out of the repository ({target})",
                    hint="a catalog is whole in itself: put the file there, not a link to it",
                )

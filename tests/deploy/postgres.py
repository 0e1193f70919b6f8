"""PostgreSQL from the `pgserver` wheel, made as the image of compose.yaml makes it: its user, password and database.

Only the programs of the wheel are used: its own Python starts a server without a password, on a socket alone.
PostgreSQL refuses to run as root, so there it runs as `nobody`, from a copy that `nobody` can read.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.deploy.processes import Start, running


@contextlib.contextmanager
def database(environment: Mapping[str, str], port: int, check: tuple[str, ...]) -> Iterator[Path]:
    """Run PostgreSQL on 127.0.0.1.

    Args:
        environment: POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB, as the image takes them.
        port: Where to listen.
        check: The health check, whose program is one of PostgreSQL's own.

    Yields:
        The folder of its programs.
    """
    found = importlib.util.find_spec("pgserver")
    if found is None or found.origin is None:
        pytest.skip("no wheel of pgserver for this machine")
    package = Path(found.origin).parent
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    # Not below pytest's folder, which only its owner may enter; short, because a socket's path is.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        bin_folder = package / "pginstall" / "bin"
        if user is not None:
            bin_folder = _copied(package, folder / "programs")
            folder.chmod(0o755)
        data = folder / "server"
        data.mkdir(mode=0o700)
        if user is not None:
            os.chown(data, user, user)
        _create(bin_folder, data, environment, user)
        # What a test writes need not survive a power cut.
        options = {"listen_addresses": "127.0.0.1", "port": str(port), "fsync": "off"}
        options["unix_socket_directories"] = str(data)
        command = [str(bin_folder / "postgres"), "-D", str(data / "pgdata")]
        command += [item for key, value in options.items() for item in ("-c", f"{key}={value}")]
        start = Start(command, {"TZ": "UTC"}, (str(bin_folder / check[0]), *check[1:]), folder / "log", user)
        # SIGQUIT: at once; what it holds is thrown away.
        with running(start, stop_with=signal.SIGQUIT):
            _create_database(bin_folder, environment, port)
            yield bin_folder


def _copied(package: Path, target: Path) -> Path:
    """Copy the programs with the libraries that they look for beside the package; return the folder of programs."""
    shutil.copytree(package / "pginstall", target / "pgserver" / "pginstall")
    libraries = package.parent / "pgserver.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, target / "pgserver.libs")
    return target / "pgserver" / "pginstall" / "bin"


def _create(bin_folder: Path, data: Path, environment: Mapping[str, str], user: int | None) -> None:
    password = data / "password"
    password.write_text(environment["POSTGRES_PASSWORD"], encoding="utf-8")
    if user is not None:
        os.chown(password, user, user)
    subprocess.run(
        [
            *(
                str(bin_folder / "initdb"),
                "--pgdata",
                str(data / "pgdata"),
                "--no-sync",
                "--encoding",
                "utf8",
            ),
            *("--username", environment["POSTGRES_USER"], "--pwfile", str(password)),
            *("--auth", "scram-sha-256"),
        ],
        check=True,
        capture_output=True,
        cwd=data,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )
    password.unlink()


def _create_database(bin_folder: Path, environment: Mapping[str, str], port: int) -> None:
    subprocess.run(
        [
            *(str(bin_folder / "createdb"), "--host", "127.0.0.1", "--port", str(port)),
            *("--username", environment["POSTGRES_USER"], environment["POSTGRES_DB"]),
        ],
        env={"PGPASSWORD": environment["POSTGRES_PASSWORD"]},
        check=True,
        capture_output=True,
    )

"""Databases for Airflow's processes: an SQLite file, and a Postgres of the test's own."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from attrs import frozen

#: The names of the databases, for `database`.
NAMES = ("sqlite", "postgres")
# Debian keeps the programs of each version apart, and not in PATH.
_POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/libexec/postgresql*", "/usr/pgsql-*/bin")


class Database(Protocol):
    """A database that is ready for ``airflow db migrate``."""

    @property
    def url(self) -> str:
        """Its address, for Airflow."""
        ...

    def select(self, query: str) -> Sequence[tuple[Any, ...]]:
        """The rows of a query."""
        ...


@contextmanager
def database(name: str, folder: Path) -> Iterator[Database]:
    """An empty database.

    Args:
        name: One of `NAMES`. If Postgres is not installed, the test is skipped.
        folder: The folder of an SQLite file.
    """
    if name == "sqlite":
        yield _SQLite(folder / "airflow.db")
        return
    with _postgres() as started:
        yield started


@frozen
class _SQLite:
    path: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def select(self, query: str) -> Sequence[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=30)) as opened:
            return opened.execute(query).fetchall()


@frozen
class _Postgres:
    """Reached through a Unix socket in a folder of its own: it opens no port."""

    folder: str

    @property
    def url(self) -> str:
        return f"postgresql+psycopg2://airflow@/postgres?host={self.folder}"

    def select(self, query: str) -> Sequence[tuple[Any, ...]]:
        import psycopg2  # type: ignore[import-untyped]

        connection = psycopg2.connect(host=self.folder, user="airflow", dbname="postgres")
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(query)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


@contextmanager
def _postgres() -> Iterator[_Postgres]:
    programs = _programs()
    # Not in pytest's folder: the path of a socket is short, and Postgres does not run as root.
    folder = tempfile.mkdtemp(prefix="aiobaseten-pg-")
    user = "nobody" if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    try:
        subprocess.run(
            [programs / "initdb", "-D", f"{folder}/data", "-U", "airflow", "--no-sync"],
            check=True,
            capture_output=True,
            user=user,
            cwd=folder,
            timeout=120,
        )
        options = ["listen_addresses=", "fsync=off", "full_page_writes=off", "max_connections=200"]
        process = subprocess.Popen(
            [
                programs / "postgres",
                *("-D", f"{folder}/data", "-k", folder),
                *(argument for one in options for argument in ("-c", one)),
            ],
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_until_it_answers(programs, folder)
            yield _Postgres(folder)
        finally:
            process.send_signal(signal.SIGQUIT)  # at once, without waiting for its clients
            process.wait(30)
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    found = [*map(Path, filter(None, [shutil.which("initdb")]))]
    for pattern in _POSTGRES_FOLDERS:
        found += sorted(Path("/").glob(f"{pattern.removeprefix('/')}/initdb"))
    if not found:
        pytest.skip("Postgres is not installed (on Debian: apt-get install postgresql)")
    return found[-1].parent


def _wait_until_it_answers(programs: Path, folder: str) -> None:
    deadline = time.monotonic() + 60
    while subprocess.run([programs / "pg_isready", "-q", "-h", folder], check=False).returncode:
        assert time.monotonic() < deadline, "Postgres does not start"
        time.sleep(0.1)

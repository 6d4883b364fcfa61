"""A real Airflow: SQLite, its processes, and no trace of them afterwards."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
from attrs import field, frozen


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def until(what: Callable[[], Any], seconds: float, why: str) -> Any:
    """What *what* returns, as soon as that is true.

    Raises:
        AssertionError: It does not become so.
    """
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"after {seconds} s: {why}"
        time.sleep(0.1)
    return found


@frozen
class Airflow:
    """One installation: a folder with a database, and the environment of its processes.

    Attributes:
        home: The folder.
        port: Where its API server listens, once that was started.
    """

    home: Path
    port: int = field(factory=free_port)
    _secret: str = field(factory=secrets.token_urlsafe, repr=False)

    @property
    def dags(self) -> Path:
        """The folder of its DAGs."""
        return self.home / "dags"

    def environment(self, baseten: str, extra: Mapping[str, Any] | None = None) -> dict[str, str]:
        """The environment of one of its processes.

        Args:
            baseten: Where it finds Baseten.
            extra: What the connection to it says besides.
        """
        kept = {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"}
        connection = {
            "conn_type": "baseten",
            "host": baseten,
            "password": "test-key",
            "extra": json.dumps(extra or {}),
        }
        return {
            **{name: value for name, value in os.environ.items() if name in kept},
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW_CONN_BASETEN_DEFAULT": json.dumps(connection),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__API_AUTH__JWT_SECRET": self._secret,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db",
            # So that deaths are noticed in seconds.
            "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "8",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
        }

    def run(self, *command: str, baseten: str = "", timeout: float = 120) -> str:
        """Run a command to its end, and give back what it wrote."""
        with self.started("-".join(command[:2]), *command, baseten=baseten) as process:
            status = process.wait(timeout)
            said = (self.home / f"{'-'.join(command[:2])}.log").read_text()
        assert status == 0, said[-20_000:]
        return said

    def python(self, script: Path, *arguments: str, told: str) -> None:
        """Run a script in its environment to the end, and tell it something on standard input."""
        subprocess.run(
            [sys.executable, str(script), *arguments],
            env=self.environment(""),
            cwd=self.home,
            input=told.encode(),
            check=True,
            timeout=120,
        )

    @contextmanager
    def started(
        self, name: str, *command: str, baseten: str = "", extra: Mapping[str, Any] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A process of Airflow's while the block lasts; it and its children are dead afterwards.

        Args:
            name: Of its log, ``name.log`` in the home.
            command: What ``airflow`` is to do.
            baseten: Where it finds Baseten.
            extra: What the connection to it says besides.
        """
        with (self.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                # Whatever becomes of us, it does not outlive this.
                ["timeout", "--kill-after", "5", "600", sys.executable, "-m", "airflow", *command],
                env=self.environment(baseten, extra),
                cwd=self.home,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            kill(process)

    def select(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        path = f"file:{self.home}/airflow.db?mode=ro"
        with closing(sqlite3.connect(path, uri=True, timeout=30)) as database:
            return database.execute(query).fetchall()

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask the API server."""
        base = f"http://127.0.0.1:{self.port}"
        token = httpx.get(f"{base}/auth/token", timeout=30).json()["access_token"]
        answer = httpx.request(
            method,
            f"{base}/api/v2{path}",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        assert answer.is_success, answer.text
        return answer.json()


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it has started, at once: as a machine dies."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


@contextmanager
def installation(home: Path, dags: Mapping[str, str]) -> Iterator[Airflow]:
    """A fresh Airflow with these DAGs, while the block lasts."""
    airflow = Airflow(home)
    airflow.dags.mkdir(parents=True)
    for name, text in dags.items():
        (airflow.dags / name).write_text(text)
    try:
        airflow.run("db", "migrate")
        yield airflow
    finally:
        strays = [process for process in psutil.process_iter() if _is_of(airflow, process)]
        for process in strays:
            process.kill()
        assert strays == []


def _is_of(airflow: Airflow, process: psutil.Process) -> bool:
    try:
        home: object = process.environ().get("AIRFLOW_HOME")
        return home == str(airflow.home)
    except psutil.Error:
        return False

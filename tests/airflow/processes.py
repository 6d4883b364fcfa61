"""A real Airflow on this machine: a folder, a database, and Airflow's processes.

Only real processes show that a wait survives the death of a triggerer or a worker. In this order:

1. `installation` creates the folder, writes the DAG files, and creates the database
   (``airflow db migrate``).
2. `Installation.run` runs commands that end by themselves, such as ``airflow dags reserialize``,
   which reads the DAG files into the database.
3. `Installation.started` starts processes that keep running: the API server, the scheduler, and
   triggerers. Each has its log in the folder, and is killed with its children at the end.
4. `installation` ends. If a process of this Airflow is still running, it is killed, and the test
   fails.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
from attrs import field, frozen

from .databases import Database, database

#: Variables that Airflow's processes inherit from the test.
INHERITED = {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"}

#: Seconds after which a wait for anything fails. A busy machine is slow, so nothing else is timed.
PATIENCE_S = 900
#: Settings with which a busy machine makes Airflow slow, and nothing worse. It still notices within
#: half a minute that a triggerer or a worker is dead.
PATIENT = {
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "30",
    "AIRFLOW__TRIGGERER__ON_KILL_TIMEOUT": f"{PATIENCE_S}",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": f"{PATIENCE_S}",
    "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": f"{PATIENCE_S}",
}


def free_port() -> int:
    """A port that is not in use."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until(condition: Callable[[], Any], failure: str) -> Any:
    """Wait until *condition* returns something true, and return that.

    Raises:
        AssertionError: It did not within `PATIENCE_S`. The message contains *failure*.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"after {PATIENCE_S} s: {failure}"
        time.sleep(0.1)
    return found


@frozen
class Installation:
    """A folder, Airflow's database, and the settings of its processes.

    Attributes:
        home: The folder. Modules in it can be imported.
        database: The database.
        port: The port of the API server.
    """

    home: Path
    database: Database
    port: int = field(factory=free_port)
    _secret: str = field(factory=secrets.token_urlsafe, repr=False)

    @property
    def dags(self) -> Path:
        """The folder with the DAG files."""
        return self.home / "dags"

    def environment(self, baseten: str, extra: Mapping[str, Any] | None = None) -> dict[str, str]:
        """The environment variables of a process.

        Args:
            baseten: The address of the fake. If it is empty, no variable has a connection to it.
            extra: The extra of the connection to it.
        """
        connection = {
            "conn_type": "baseten",
            "host": baseten,
            "password": "test-key",
            "extra": json.dumps(extra or {}),
        }
        return {
            **{name: value for name, value in os.environ.items() if name in INHERITED},
            **({"AIRFLOW_CONN_BASETEN_DEFAULT": json.dumps(connection)} if baseten else {}),
            "AIRFLOW_HOME": str(self.home),
            "PYTHONPATH": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__API_AUTH__JWT_SECRET": self._secret,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.database.url,
            **PATIENT,
        }

    def run(self, *command: str, baseten: str = "", succeeds: bool = True) -> str:
        """Run an ``airflow`` command to its end; returns its output. It must succeed, or fail."""
        name = "-".join(command[:3])
        with self.started(name, *command, baseten=baseten) as process:
            status = process.wait(PATIENCE_S)
        output = (self.home / f"{name}.log").read_text()
        assert (status == 0) is succeeds, output[-20_000:]
        return output

    def run_script(self, script: Path, *arguments: str, stdin: str) -> None:
        """Run a Python script to its end, with Airflow's environment variables."""
        subprocess.run(
            [sys.executable, str(script), *arguments],
            env=self.environment(""),
            cwd=self.home,
            input=stdin.encode(),
            check=True,
            timeout=PATIENCE_S,
        )

    @contextmanager
    def started(
        self, name: str, *command: str, baseten: str = "", extra: Mapping[str, Any] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run an ``airflow`` command while the block lasts, then kill it and its children.

        Args:
            name: The name of its log: ``name.log`` in the folder.
            command: The arguments of ``airflow``.
            baseten: The address of the fake.
            extra: The extra of the connection to it.
        """
        with (self.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                # If the test itself is killed, the process still ends.
                ["timeout", "--kill-after", "5", "3600", sys.executable, "-m", "airflow", *command],
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

    def select(self, query: str) -> Sequence[tuple[Any, ...]]:
        """The rows of a query to the database."""
        return self.database.select(query)

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The API server's response to a request, as JSON data."""
        base = f"http://127.0.0.1:{self.port}"
        token = httpx.get(f"{base}/auth/token", timeout=PATIENCE_S).json()["access_token"]
        response = httpx.request(
            method,
            f"{base}/api/v2{path}",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE_S,
        )
        assert response.is_success, response.text
        return response.json()


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its children at once, as when a machine fails."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


@contextmanager
def installation(
    home: Path, dags: Mapping[str, str], database_name: str = "sqlite"
) -> Iterator[Installation]:
    """Install a new Airflow with some DAG files.

    Args:
        home: Its folder, which must not exist.
        dags: The text of each DAG file, by name.
        database_name: One of `databases.NAMES`.
    """
    (home / "dags").mkdir(parents=True)
    for name, text in dags.items():
        (home / "dags" / name).write_text(text)
    with database(database_name, home) as opened:
        airflow = Installation(home, opened)
        try:
            airflow.run("db", "migrate")
            yield airflow
        finally:
            left_over = [process for process in psutil.process_iter() if _is_of(airflow, process)]
            for process in left_over:
                process.kill()
            assert left_over == []


def _is_of(airflow: Installation, process: psutil.Process) -> bool:
    try:
        home: object = process.environ().get("AIRFLOW_HOME")
        return home == str(airflow.home)
    except psutil.Error:
        return False

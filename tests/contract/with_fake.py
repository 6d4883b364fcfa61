"""Run a command while a fake Baseten is served, whose address it finds in its environment.

python tests/contract/with_fake.py [arguments of python -m aiobaseten.testing] -- command …
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys


def main() -> int:
    """Run it; the exit status is the command's."""
    at = sys.argv.index("--")
    fake, command = sys.argv[1:at], sys.argv[at + 1 :]
    with subprocess.Popen(
        [sys.executable, "-m", "aiobaseten.testing", *fake], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            where = dict(word.split("=", 1) for word in shlex.split(line))
            return subprocess.run(command, check=False, env={**os.environ, **where}).returncode
        finally:
            server.terminate()


if __name__ == "__main__":
    sys.exit(main())

"""Install the wheel in `dist/` into an empty environment, and import its packages.

The wheel was built from the sdist, so this also finds files that are missing in the sdist.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

IMPORTS = """
import pathlib, aiobaseten, aiobaseten_generated
from importlib.metadata import entry_points
for package in (aiobaseten, aiobaseten_generated):
    folder = pathlib.Path(package.__file__).parent
    assert (folder / "py.typed").is_file(), f"{folder} has no py.typed"
    assert "site-packages" in str(folder), f"{folder} is not the installed package"
(provider,) = entry_points(group="apache_airflow_provider")
try:
    provider.load()
except ImportError as error:
    assert "pip install 'aiobaseten[airflow]'" in str(error), error
print(aiobaseten.Baseten(api_key="key"), "from the wheel,", aiobaseten.__version__)
"""


def main() -> None:
    """Install and import the wheel. An error ends the script with a traceback."""
    (wheel,) = Path(sys.argv[1]).glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*install, str(wheel)], check=True)
        subprocess.run([python, "-c", IMPORTS], check=True, cwd=folder)


if __name__ == "__main__":
    main()

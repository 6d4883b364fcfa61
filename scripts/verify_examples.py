"""Fail unless every Python example of the documentation passes ``mypy --strict``.

An example that is not a whole program runs in an ``async with Baseten() as baseten`` block. So it
is checked as the body of an ``async`` function with that argument.
"""

from __future__ import annotations

import ast
import inspect
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
INTO = ROOT / "build" / "examples"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLE = re.compile(
    r"(?:<!-- file: (\S+)\.py -->\n)?^```python\n(.*?)^```", re.DOTALL | re.MULTILINE
)
#: These pages' examples use packages that are not installed here; their own tests run them.
ELSEWHERE = {"airflow.md", "whole-api.md"}


def as_module(text: str) -> str:
    """The example as a module that can be type-checked."""
    code = compile(text, "example", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if not code.co_flags & inspect.CO_COROUTINE:
        return text
    body = textwrap.indent(text, "    ")
    return (
        f"from aiobaseten import Baseten\n\n\nasync def example(baseten: Baseten) -> None:\n{body}"
    )


def modules() -> Iterator[tuple[str, str]]:
    """The name and the text of each example's module."""
    for page in PAGES:
        if page.name in ELSEWHERE:
            continue
        text = page.read_text("utf-8")
        for found in EXAMPLE.finditer(text):
            line = text.count("\n", 0, found.start(2))
            yield found[1] or f"{page.stem.lower().replace('-', '_')}_{line}", as_module(found[2])


def main() -> int:
    """Check the examples. Returns the exit status."""
    shutil.rmtree(INTO, ignore_errors=True)
    INTO.mkdir(parents=True)
    for name, text in modules():
        (INTO / f"{name}.py").write_text(text, "utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(INTO)],
        env={**os.environ, "MYPYPATH": str(INTO)},
        check=False,
    )
    return checked.returncode


if __name__ == "__main__":
    sys.exit(main())

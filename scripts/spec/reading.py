"""From the text of a file to plain data: Markdown pages and strict YAML 1.2."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

from spec.node import Node, SpecError

# For example ````yaml post /v1/…
# The number of backticks varies, and newer pages put the name of a spec before the method.
_FENCE = re.compile(
    r"^(?P<ticks>`{3,})yaml (?:\S+ )?(?P<method>[A-Za-z]+) (?P<path>/\S*)[^\n]*\n"
    r"(?P<body>.*?)^(?P=ticks)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
# The first heading of a page is its address, the second its title.
_TITLE = re.compile(r"^# (?!Source:)(?P<title>.+)$", re.MULTILINE)
_ABSTRACT = re.compile(r"\s*(?P<lines>(?:^> .*\n?)+)", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """What a documentation page says about one operation."""

    method: str
    path: str
    title: str
    abstract: str
    body: Node


def read_yaml(file: str, text: str) -> Node:
    """Read YAML 1.2, where `NO` is a string and a key stands once."""
    try:
        if any(isinstance(event, AliasEvent) for event in _yaml().parse(text)):
            raise SpecError(f"{file}: /: YAML aliases are not understood; write it out")
        node = Node(file, _yaml().load(text))
    except YAMLError as error:
        raise SpecError(f"{file}: /: not readable as YAML: {_one_line(error)}") from error
    _insist_on_json(node)
    return node


def read_page(file: str, text: str) -> Page:
    """Read a documentation page, whose YAML stands in a fence that names the operation."""
    fences = list(_FENCE.finditer(text))
    if len(fences) != 1:
        raise SpecError(
            f"{file}: /: expected one fence with the YAML of an operation, found {len(fences)}"
        )
    fence = fences[0]
    title = _TITLE.search(text)
    if title is None:
        raise SpecError(f"{file}: /: the page has no title")
    abstract = _ABSTRACT.match(text, title.end())
    lines = abstract["lines"].splitlines() if abstract else []
    return Page(
        method=fence["method"].lower(),
        path=fence["path"],
        title=title["title"].strip(),
        abstract=" ".join(line.removeprefix("> ").strip() for line in lines),
        body=read_yaml(file, fence["body"]),
    )


def _yaml() -> YAML:
    # Safe, because the text comes from the network; a reader cannot be used twice at once.
    return YAML(typ="safe", pure=True)


def _insist_on_json(node: Node) -> None:
    """YAML knows more than JSON: dates, sets, keys that are numbers. A spec needs none of it."""
    value: object = node.value
    if isinstance(value, dict):
        for key, child in value.items():
            if not isinstance(key, str):
                raise node.error(f"the key {key!r} is not a string; quote it")
            _insist_on_json(node.child(key, child))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            _insist_on_json(node.child(index, child))
    elif isinstance(value, float) and not math.isfinite(value):
        raise node.error(f"{value} is not a number in JSON")
    elif not (value is None or isinstance(value, (str, int, float, bool))):
        raise node.error(f"{value} is read as {type(value).__name__}; quote it")


def _one_line(error: YAMLError) -> str:
    return " ".join(str(error).split())

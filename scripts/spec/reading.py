"""Parse files to plain data: Markdown pages, JSON, and strict YAML 1.2."""

from __future__ import annotations

import copy
import functools
import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, ScalarEvent

from spec.node import Json, JsonObject, Node, SpecError

# Limits for input from the network. Baseten's whole spec has 1.3 million characters of JSON. Strict
# YAML parsing takes a second per 150,000 characters.
MAX_JSON = 32_000_000
MAX_YAML = 4_000_000
MAX_DEPTH = 100

# For example ````yaml post /v1/…
# The number of backticks varies, and newer pages have the name of a spec before the method.
_FENCE = re.compile(r"(?P<ticks>`{3,})yaml (?:\S+ )?(?P<method>[A-Za-z]+) (?P<path>/\S*)[^\n]*")
# The first heading of a page is its address, the second its title.
_TITLE = re.compile(r"^# (?!Source:)(?P<title>.+)$", re.MULTILINE)
_ABSTRACT = re.compile(r"\s*(?P<lines>(?:^> .*\n?)+)", re.MULTILINE)

_LOOSE = re.compile(r"[-+]?[0-9][0-9.]*_[0-9._]*(?:[eE][-+]?[0-9_]+)?")


@dataclass(frozen=True)
class Page:
    """The contents of a documentation page about one operation."""

    method: str
    path: str
    title: str
    abstract: str
    body: Node


def read_data(file: str, text: str) -> Node:
    """Parse JSON, or YAML 1.2, where `NO` is a string. Duplicate keys are an error in both."""
    is_json = text.lstrip().startswith("{") and not file.endswith((".yaml", ".yml"))
    allowed, kind = (MAX_JSON, "JSON") if is_json else (MAX_YAML, "YAML")
    if len(text) > allowed:
        raise SpecError(f"{file}: /: more than {allowed:,} characters of {kind}")
    try:
        node = Node(file, _load_json(text) if is_json else _load_yaml(text))
    except YAMLError as error:
        raise SpecError(f"{file}: /: not readable as YAML: {_one_line(error)}") from error
    except (ValueError, RecursionError) as error:
        raise SpecError(f"{file}: /: not readable as {kind}: {error}") from error
    _insist_on_json(node)
    return node


def described(text: str) -> list[str]:
    """The operations ("method /path") that a page has a fence for. Reads nothing inside them."""
    return [f"{method} {path}" for method, path, _ in _fences(text)]


def read_pages(file: str, text: str, wanted: Collection[str] | None = None) -> list[Page]:
    """Parse the operations of a documentation page. The YAML of each is in a fence that names it.

    *wanted*: only these ("method /path"); the other fences are not read.
    """
    fences = [
        (method, path, body)
        for method, path, body in _fences(text)
        if wanted is None or f"{method} {path}" in wanted
    ]
    if not fences:
        raise SpecError(f"{file}: /: expected a fence with the YAML of an operation, found none")
    title = _TITLE.search(text)
    if title is None:
        raise SpecError(f"{file}: /: the page has no title")
    abstract = _ABSTRACT.match(text, title.end())
    lines = abstract["lines"].splitlines() if abstract else []
    return [
        Page(
            method=method,
            path=path,
            title=title["title"].strip(),
            abstract=" ".join(line.removeprefix("> ").strip() for line in lines),
            body=read_data(file, body),
        )
        for method, path, body in fences
    ]


def _fences(text: str) -> Iterator[tuple[str, str, str]]:
    """The method, path and body of each fence.

    Line by line: a search across unclosed fences takes the square of their number in time.
    """
    opened: re.Match[str] | None = None
    body: list[str] = []
    for line in text.split("\n"):
        if opened is None:
            opened, body = _FENCE.fullmatch(line), []
        elif line.rstrip(" \t") == opened["ticks"]:
            yield opened["method"].lower(), opened["path"], "".join(body)
            opened = None
        else:
            body.append(f"{line}\n")


def _load_json(text: str) -> Json:
    def once(pairs: list[tuple[str, Json]]) -> JsonObject:
        found = dict(pairs)
        if len(found) != len(pairs):
            often = Counter(key for key, _ in pairs)
            twice = next(key for key, number in often.items() if number > 1)
            raise ValueError(f"duplicate key {twice!r}")
        return found

    loaded: Json = json.loads(text, object_pairs_hook=once)
    return loaded


class _StrictComposer(Composer):
    """Refuses aliases (a small file could become huge), deep nesting, and `1_000`."""

    depth = 0

    def compose_node(self, parent: object, index: object) -> object:
        if self.parser.check_event(AliasEvent):
            raise ValueError("aliases are not supported; repeat the value")
        event = self.parser.peek_event()
        if isinstance(event, ScalarEvent) and event.implicit[0] and _LOOSE.fullmatch(event.value):
            # Text in YAML 1.2, a number in ruamel.
            raise ValueError(f"{event.value} may be text or a number; quote it")
        if self.depth > MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


# Parsing is slow, and a command may read a file several times.
@functools.lru_cache(maxsize=256)
def _cached_yaml(text: str) -> Json:
    # Safe mode, because the text comes from the network. A new parser, because it is not reentrant.
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _StrictComposer
    loaded: Json = yaml.load(text)
    return loaded


def _load_yaml(text: str) -> Json:
    return copy.deepcopy(_cached_yaml(text))


def _insist_on_json(node: Node, depth: int = 0) -> None:
    """Refuse values that JSON does not have: dates, sets, keys that are numbers."""
    value: object = node.value
    if depth > MAX_DEPTH:
        raise SpecError(f"{node.file}: /: nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        for key, child in value.items():
            if not isinstance(key, str):
                raise node.error(f"the key {key!r} is not a string; quote it")
            _insist_on_letters(node, key)
            _insist_on_json(node.child(key, child), depth + 1)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            _insist_on_json(node.child(index, child), depth + 1)
    elif isinstance(value, str):
        _insist_on_letters(node, value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise node.error(f"{value} is not a number in JSON")
    elif not (value is None or isinstance(value, (str, int, float, bool))):
        raise node.error(f"{value} is read as {type(value).__name__}; quote it")


def _insist_on_letters(node: Node, text: str) -> None:
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise node.error("a lone surrogate (half a character) cannot be encoded")


def _one_line(error: YAMLError) -> str:
    return " ".join(str(error).split())

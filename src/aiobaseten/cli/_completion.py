"""Scripts that complete the command in a shell, made from its grammar. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence

from attrs import frozen

from ._parser import CommandParser, Option


@frozen
class Completed:
    """A command, with everything that can be completed in it.

    Attributes:
        name: Its name.
        summary: Its effect, in a few words.
        words: Words that may stand in it.
        options: Its options.
    """

    name: str
    summary: str
    words: Sequence[str]
    options: Sequence[Option]

    @property
    def candidates(self) -> str:
        """Everything that a word in it may be."""
        flags = [flag for option in self.options for flag in option.flags]
        return " ".join([*self.words, *flags])


def completed(name: str, summary: str, parser: CommandParser) -> Completed:
    """A command of the grammar.

    Args:
        name: Its name.
        summary: Its effect, in a few words.
        parser: Its parser, with all arguments.
    """
    return Completed(name, summary, parser.words(), parser.options())


def bash(commands: Sequence[Completed]) -> Iterator[str]:
    """The lines of the script for bash."""
    names = [one.name for one in commands]
    yield "_aiobaseten() {"
    yield "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}"
    yield "    local command= candidates= i IFS=$' \\t\\n'"
    yield "    for ((i = 1; i < COMP_CWORD; i++)); do"
    yield "        case ${COMP_WORDS[i]} in"
    yield f"            {'|'.join(names)}) command=${{COMP_WORDS[i]}}; break ;;"
    yield "        esac"
    yield "    done"
    yield "    COMPREPLY=()"
    yield "    case $before in"
    for flags, option in _with_values(commands):
        yield f"        {flags})"
        if option.takes_file:
            yield "            IFS=$'\\n'"
            yield '            COMPREPLY=($(compgen -f -- "$word"))'
            yield "            compopt -o filenames 2>/dev/null"
        elif option.choices:
            words = " ".join(option.choices)
            yield f'            COMPREPLY=($(compgen -W {shlex.quote(words)} -- "$word"))'
        yield "            return ;;"
    yield "    esac"
    yield "    case $command in"
    for one in commands:
        yield f"        {one.name}) candidates={shlex.quote(one.candidates)} ;;"
    yield f"        *) candidates={shlex.quote(' '.join(names))} ;;"
    yield "    esac"
    yield '    COMPREPLY=($(compgen -W "$candidates" -- "$word"))'
    yield "}"
    yield "complete -F _aiobaseten aiobaseten"


def zsh(commands: Sequence[Completed]) -> Iterator[str]:
    """The lines of the script for zsh."""
    names = [one.name for one in commands]
    yield "#compdef aiobaseten"
    yield "_aiobaseten() {"
    yield "    local before=${words[CURRENT-1]} command= word"
    yield "    local -a candidates"
    yield "    for word in ${words[2,CURRENT-1]}; do"
    yield "        case $word in"
    yield f"            {'|'.join(names)}) command=$word; break ;;"
    yield "        esac"
    yield "    done"
    yield "    case $before in"
    for flags, option in _with_values(commands):
        if option.takes_file:
            action = "_files; "
        else:
            action = f"compadd -- {' '.join(option.choices)}; " if option.choices else ""
        yield f"        {flags}) {action}return ;;"
    yield "    esac"
    yield "    case $command in"
    for one in commands:
        yield f"        {one.name})"
        yield "            candidates=("
        yield from (f"                {shlex.quote(word)}" for word in one.words)
        for option in one.options:
            for flag in option.flags:
                yield f"                {shlex.quote(f'{flag}:{_plain(option.help)}')}"
        yield "            ) ;;"
    yield "        *)"
    yield "            candidates=("
    yield from (f"                {shlex.quote(f'{o.name}:{_plain(o.summary)}')}" for o in commands)
    yield "            ) ;;"
    yield "    esac"
    yield "    _describe aiobaseten candidates"
    yield "}"
    yield "compdef _aiobaseten aiobaseten"


def fish(commands: Sequence[Completed]) -> Iterator[str]:
    """The lines of the script for fish."""
    names = " ".join(one.name for one in commands)
    yield "complete -c aiobaseten -f"
    for one in commands:
        summary = shlex.quote(_plain(one.summary))
        before = f"'not __fish_seen_subcommand_from {names}'"
        yield f"complete -c aiobaseten -n {before} -a {one.name} -d {summary}"
        inside = f"'__fish_seen_subcommand_from {one.name}'"
        for word in one.words:
            yield f"complete -c aiobaseten -n {inside} -a {word}"
        for option in one.options:
            yield f"complete -c aiobaseten -n {inside} {_fish_option(option)}"


def _fish_option(option: Option) -> str:
    flags = [f"-l {one[2:]}" if one.startswith("--") else f"-s {one[1:]}" for one in option.flags]
    values = f" -a {shlex.quote(' '.join(option.choices))}" if option.choices else ""
    kind = "" if not option.takes_value else " -r -F" if option.takes_file else f" -x{values}"
    return f"{' '.join(flags)}{kind} -d {shlex.quote(_plain(option.help))}"


def _with_values(commands: Sequence[Completed]) -> Iterator[tuple[str, Option]]:
    """The options that take a value, each once. An option means the same in all commands."""
    seen: set[str] = set()
    for one in commands:
        for option in one.options:
            flags = "|".join(option.flags)
            if option.takes_value and flags not in seen:
                seen.add(flags)
                yield flags, option


def _plain(text: str) -> str:
    """A help text without characters that mean something to a shell."""
    return "".join(c for c in text.partition(" (default")[0] if c not in "'\"`$\\:;[]")


#: The scripts, by their shells.
SHELLS: Mapping[str, Callable[[Sequence[Completed]], Iterator[str]]] = {
    "bash": bash,
    "zsh": zsh,
    "fish": fish,
}

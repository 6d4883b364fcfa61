"""Arguments that a DAG computes: known, and so checked, only when the task runs.

Every other argument is checked when the DAG is parsed.
"""

from __future__ import annotations

import ast
import json
from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from ..errors import ConfigurationError

A = TypeVar("A")

#: Stands for an id that is computed, while the other arguments are checked.
_COMPUTED = "computed"
_IDS = ("deployment_id", "model_id", "chain_id")
# One of them is given. If both are computed, only the run tells which.
_OWNERS = frozenset({"model_id", "chain_id"})
# What a template renders for an argument that is not given.
_NOT_GIVEN = ("", "None")


def is_computed(value: object) -> bool:
    """Whether *value* is or contains a template, a callable, or the result of another task."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, Mapping):
        return any(is_computed(one) for one in value.values())
    if isinstance(value, list | tuple | set):
        return any(is_computed(one) for one in value)
    return callable(value) or callable(getattr(value, "resolve", None))


def as_data(template: object, rendered: object) -> object:
    """Numbers, booleans and objects in place of the text that templates have rendered.

    Args:
        template: An argument before it was rendered.
        rendered: The argument afterwards.
    """
    if isinstance(template, str) and isinstance(rendered, str):
        return _read(rendered) if is_computed(template) else rendered
    if isinstance(template, Mapping) and isinstance(rendered, Mapping):
        return {key: as_data(template.get(key), one) for key, one in rendered.items()}
    if isinstance(template, list | tuple) and isinstance(rendered, list | tuple):
        return [as_data(*pair) for pair in zip(template, rendered, strict=True)]
    return rendered


def _read(text: str) -> object:
    # "{{ x | tojson }}" renders JSON, and "{{ x }}" the repr of a Python object.
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return text


class ComputedArguments(Generic[A]):
    """An operator each of whose arguments may be computed.

    Attributes:
        texts: The arguments that are text, which is not read as a number.
    """

    template_fields: Collection[str]
    texts: ClassVar[frozenset[str]]

    if TYPE_CHECKING:
        _templates: dict[str, Any]

    def check_known(self) -> A:
        """Check the arguments that are known when the DAG is parsed.

        Returns:
            The arguments, with their defaults in place of those that are computed.

        Raises:
            ConfigurationError: An argument is invalid, or two exclude each other.
        """
        given = {name: getattr(self, name) for name in self.template_fields}
        self._templates = {name: value for name, value in given.items() if is_computed(value)}
        known = {name: value for name, value in given.items() if name not in self._templates}
        known |= {one: _COMPUTED for one in _IDS if one in self._templates}
        if not self._templates.keys() >= _OWNERS:
            return self.checked(known)
        try:
            return self.checked({**known, "chain_id": None})
        except ConfigurationError:  # for models, which it need not be
            return self.checked({**known, "model_id": None})

    def arguments(self) -> A:
        """All arguments, checked, after Airflow has rendered the templates.

        Raises:
            ConfigurationError: An argument is invalid, or two exclude each other.
        """
        given = {name: getattr(self, name) for name in self.template_fields}
        for name in self._templates.keys() - self.texts:
            given[name] = as_data(self._templates[name], given[name])
        if self._templates.keys() >= _OWNERS:
            given |= {name: None for name in _OWNERS if given[name] in _NOT_GIVEN}
        return self.checked(given)

    @abstractmethod
    def checked(self, given: dict[str, Any]) -> A:
        """The arguments, checked.

        Raises:
            ConfigurationError: An argument is invalid, or two exclude each other.
        """

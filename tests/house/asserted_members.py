"""Reads a typing test: which members of which classes does it assert a type for?

A member counts if it stands in the first argument of `assert_type`, or if its value is bound to a
name whose type is asserted later. Its class is that of the variable before the dot, as far as these
tell it: annotations of parameters, `variable = Class(…)`, `assert_type(variable, Class)`,
`isinstance(variable, Class)` around it, and the pattern of a `case`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

#: Classes of each expression, by its source.
Classes = dict[str, set[str]]


def asserted_members(module: ast.Module) -> set[str]:
    """Every member whose type *module* asserts, as ``"Class.member"``."""
    tuples = {
        target.id: class_names(statement.value)
        for statement in module.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    reader = _Reader(tuples)
    reader.read(module.body, {})
    return reader.found


def class_names(annotation: ast.expr) -> set[str]:
    """The classes of an annotation: ``A``, ``module.A``, ``A | B``, or a tuple of them."""
    match annotation:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return {name}
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return class_names(left) | class_names(right)
        case ast.Tuple(elts=elements):
            return set[str]().union(*map(class_names, elements))
        case _:
            return set()


class _Reader:
    """Goes through statements in their order, and knows the classes of variables."""

    def __init__(self, tuples: Mapping[str, set[str]]) -> None:
        self.found: set[str] = set()
        self._tuples = tuples
        # Members whose values were bound to a name that is not asserted yet.
        self._bound: Classes = {}

    def read(self, statements: Iterable[ast.stmt], classes: Classes) -> None:
        """Read a block. *classes* is what is known at its beginning."""
        for statement in statements:
            match statement:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.read(statement.body, _of_parameters(statement.args))
                case ast.If(test=test, body=body, orelse=orelse):
                    self.read(body, {**classes, **self._narrowed(test)})
                    self.read(orelse, classes)
                case ast.Match(subject=subject, cases=cases):
                    for case in cases:
                        its = {ast.unparse(subject): _of_pattern(case.pattern)}
                        self.read(case.body, {**classes, **its})
                case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                    for item in items:
                        self._bind(item.optional_vars, item.context_expr, classes)
                    self.read(body, classes)
                case ast.Assign(targets=[target], value=value):
                    self._bind(target, value, classes)
                case ast.Expr(value=ast.Call() as call):
                    self._assert(call, classes)
                case _:
                    pass

    def _narrowed(self, test: ast.expr) -> Classes:
        match test:
            case ast.Call(func=ast.Name(id="isinstance"), args=[variable, kinds]):
                names = class_names(kinds)
                known = (self._tuples.get(name, {name}) for name in names)
                return {ast.unparse(variable): set[str]().union(*known)}
            case _:
                return {}

    def _bind(self, target: ast.expr | None, value: ast.expr, classes: Classes) -> None:
        if isinstance(target, ast.Name):
            self._bound[target.id] = set(_members(value, classes))
            classes[target.id] = class_names(value.func) if isinstance(value, ast.Call) else set()

    def _assert(self, call: ast.Call, classes: Classes) -> None:
        match call:
            case ast.Call(func=ast.Name(id="assert_type"), args=[asserted, annotation]):
                self.found.update(_members(asserted, classes))
                for expression, kind in _pairs(asserted, annotation):
                    source = ast.unparse(expression)
                    self.found |= self._bound.pop(source, set())
                    if names := class_names(kind):
                        classes[source] = names
            case _:
                pass


def _of_parameters(arguments: ast.arguments) -> Classes:
    return {
        argument.arg: class_names(argument.annotation)
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        if argument.annotation is not None
    }


def _of_pattern(pattern: ast.pattern) -> set[str]:
    match pattern:
        case ast.MatchClass(cls=kind):
            return class_names(kind)
        case ast.MatchOr(patterns=patterns):
            return set[str]().union(*map(_of_pattern, patterns))
        case _:
            return set()


def _members(expression: ast.expr, classes: Classes) -> Iterator[str]:
    """Each ``variable.member`` in an expression, under the classes of the variable."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Attribute):
            before = ast.unparse(node.value)
            # A name that is no variable is a class, as in ``Token.load(text)``.
            for name in classes.get(before, {before.rpartition(".")[2]}):
                yield f"{name}.{node.attr}"


def _pairs(asserted: ast.expr, annotation: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """An expression with its type, or each element of a tuple with its own."""
    match asserted, annotation:
        case ast.Tuple(elts=values), ast.Subscript(slice=ast.Tuple(elts=kinds)):
            yield from zip(values, kinds, strict=True)
        case _:
            yield asserted, annotation

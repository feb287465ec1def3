"""Formulas of the projection as a spreadsheet writes them, translated from their own code.

Only plain arithmetic is translated; a formula that loops or looks things up stays a number.
"""

import ast
import importlib
import inspect
import textwrap
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

SIGNS: Mapping[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^",
}  # fmt: skip
RELATIONS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "=", ast.NotEq: "<>",
}  # fmt: skip
FUNCTIONS = {
    "maximum": "MAX", "max": "MAX", "minimum": "MIN", "min": "MIN", "abs": "ABS", "exp": "EXP",
    "sqrt": "SQRT", "log": "LN", "log10": "LOG10", "where": "IF",
}  # fmt: skip
LONGEST = 4_000
"""Spreadsheets take formulas of up to 8,192 characters."""


class Untranslatable(ValueError):
    """The code says something that a cell cannot."""


class _Code(NamedTuple):
    module: ModuleType
    steps: tuple[ast.stmt, ...]
    takes: tuple[str, ...]


def cell_formula(name: str, cells: Mapping[str, str]) -> str | None:
    """`=A2*A3` for a formula named as in `Estimate.formula`; None where it cannot be said.

    `cells` says in which cell each input stands.
    """
    try:
        text = f"={_result(_code(name), cells)}"
    except Untranslatable:
        return None
    return text if len(text) <= LONGEST else None


@cache
def _code(name: str) -> _Code:
    module_name, _, function_name = name.rpartition(".")
    module = importlib.import_module(f"engine.projection.{module_name}")
    return _read(module, getattr(module, function_name))


def _read(module: ModuleType, function: Callable[..., object]) -> _Code:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(tree, ast.FunctionDef) or tree.args.kwarg or tree.args.vararg:
        raise Untranslatable(function.__name__)
    steps = tuple(s for s in tree.body if not isinstance(s, ast.Expr))
    return _Code(module, steps, tuple(inspect.signature(function).parameters))


def _result(code: _Code, known: Mapping[str, str]) -> str:
    if set(code.takes) - set(known):
        raise Untranslatable(f"{code.takes}")
    names = dict(known)
    for step in code.steps:
        if isinstance(step, ast.Return) and step.value is not None:
            return _said(step.value, names, code.module)
        if not isinstance(step, ast.Assign) or not isinstance(step.targets[0], ast.Name):
            break
        names[step.targets[0].id] = f"({_said(step.value, names, code.module)})"
    raise Untranslatable(ast.dump(code.steps[0]))


def _said(node: ast.expr, names: Mapping[str, str], module: ModuleType) -> str:
    def said(part: ast.expr) -> str:
        return _said(part, names, module)

    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in SIGNS:
            return f"({said(left)}{SIGNS[type(op)]}{said(right)})"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"(-{said(operand)})"
        case ast.Compare(left=left, ops=[relation], comparators=[right]):
            if type(relation) in RELATIONS:
                return f"({said(left)}{RELATIONS[type(relation)]}{said(right)})"
        case ast.Call(func=function, args=arguments, keywords=[]):
            return _called(function, [said(a) for a in arguments], module)
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.Constant() | ast.Name() | ast.Attribute():
            return _number(_found(node, module))
    raise Untranslatable(ast.dump(node))


def _called(function: ast.expr, arguments: list[str], module: ModuleType) -> str:
    name = ast.unparse(function)
    short = name.removeprefix("np.")
    if short in FUNCTIONS:
        return f"{FUNCTIONS[short]}({','.join(arguments)})"
    own = _found(function, module)
    if not inspect.isfunction(own) or not own.__module__.startswith("engine."):
        raise Untranslatable(name)
    code = _read(importlib.import_module(own.__module__), own)
    if len(code.takes) != len(arguments):
        raise Untranslatable(name)
    return f"({_result(code, dict(zip(code.takes, arguments, strict=True)))})"


def _found(node: ast.expr, module: ModuleType) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return getattr(module, name, None)
        case ast.Attribute(value=owner, attr=name):
            return getattr(_found(owner, module), name, None)
    return None


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Untranslatable(repr(value))
    return repr(value)

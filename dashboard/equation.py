"""A formula of the code as people write it: in the names of what it takes, or in their values."""

import ast
import importlib
import math
from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import NamedTuple

from dashboard import readable
from dashboard.formulas import Formula, by_name, put
from dashboard.i18n import t
from engine import projection

UNITS: dict[str, tuple[type[ast.operator], ...]] = {
    "BILLION": (ast.Mult,),
    "TERA": (ast.Mult,),
    "WATTS_PER_KILOWATT": (ast.Mult, ast.Div),
    "BYTES_PER_GB": (ast.Mult, ast.Div),
    "BYTES_PER_TB": (ast.Mult, ast.Div),
    "KG_PER_TONNE": (ast.Mult, ast.Div),
}
"""Steps between units, by what is done with them: values are written with the unit that fits, so
there is no such step to see."""
HOURLY = "SECONDS_PER_HOUR"
"""Such a step as well where the result is a time, which is written in the unit that fits."""
CALENDAR = (
    "HOURS_PER_YEAR", "HOURS_PER_MONTH", "HOURS_PER_DAY", "DAYS_PER_MONTH", "MONTHS_PER_YEAR",
    "SECONDS_PER_HOUR",
)  # fmt: skip
"""Numbers of the calendar, which have words."""
MOST_TERMS = 13
MOST_LETTERS = 420
"""More names, or more letters, than this are no line any more."""
SIGNS: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", 1), ast.Sub: ("−", 1), ast.Mult: ("×", 2), ast.Div: ("÷", 2),
}  # fmt: skip
"""How an operation is written, and how tightly it binds."""
COMPARED: dict[type[ast.cmpop], str] = {
    ast.Gt: ">", ast.GtE: "≥", ast.Lt: "<", ast.LtE: "≤", ast.Eq: "=",
}  # fmt: skip
POWER, ATOM = 3, 4
SQUARES = {2.0: "²", 3.0: "³"}
SAME = ("float", "asarray")
"""Calls that change the type of a number and not the number."""
MATHS = {"maximum": "max", "minimum": "min", "log": "ln", "log10": "log₁₀", "exp": "exp",
         "median": "median"}  # fmt: skip
YEARS = range(1900, 2100)
"""Whole numbers that are written as years."""
LEAST_SHOWN = 1e-6
"""A bound below this only keeps a division from failing."""

Name = Callable[[str], str]


class UntoldError(Exception):
    """The code does something that is no line of school mathematics."""


class Told(NamedTuple):
    """A part of a formula, and how tightly it holds together."""

    text: str
    binds: int = ATOM


def line(
    formula: str,
    given: Sequence[str],
    say: Name,
    constant: Name | None = None,
    zeros: Collection[str] = (),
) -> str | None:
    """The right side of a formula, each input as `say` writes it; None where it takes steps.

    `given` are the names of the inputs; `constant` writes numbers of the calendar, which else
    are written as numbers. What those in `zeros` add is left out, unless nothing else is there.
    """
    known = by_name().get(formula)
    if known is None or known.tree is None or not given:
        return None
    names = [n.id for n in ast.walk(known.tree) if isinstance(n, ast.Name) and n.id in given]
    if len(names) > MOST_TERMS:
        return None
    try:
        text = _Writer(known, given, say, constant, zeros).told(known.tree).text
    except UntoldError:
        return None
    is_other_unit = len(names) == 1 and text == say(names[0])
    return None if is_other_unit or len(text) > MOST_LETTERS else text


def _exact(value: float) -> str:
    """A constant in six digits, or shortened where it is large: 30.4375, 86,400, 8B."""
    return f"{value:,.6g}" if abs(value) < readable.LONG * 10 else readable.exact(value)


@cache
def _value(module: str, name: str) -> float | None:
    """The number a name of a module stands for."""
    found = getattr(importlib.import_module(f"{projection.__name__}.{module}"), name, None)
    return float(found) if isinstance(found, int | float) else None


class _Writer:
    """Writes one formula."""

    def __init__(
        self,
        formula: Formula,
        given: Sequence[str],
        say: Name,
        constant: Name | None,
        zeros: Collection[str],
    ) -> None:
        self.module, _, self.result = formula.name.rpartition(".")
        self.given, self.say, self.constant, self.zeros = given, say, constant, zeros

    def told(self, node: ast.expr) -> Told:
        """A part of the formula.

        Raises:
            UntoldError: it is no line of school mathematics.
        """
        match node:
            case ast.Name(id=name) if name in self.given:
                return Told(self.say(name))
            case ast.Name(id=name):
                return self._constant(name)
            case ast.Constant(value=int() | float() as number):
                return Told(str(int(number)) if number in YEARS else readable.number(number))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Told(f"−{self._inside(operand, POWER)}", 2)
            case ast.BinOp():
                return self._operation(node)
            case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in COMPARED:
                sides = f"{self.told(left).text} {COMPARED[type(sign)]} {self.told(right).text}"
                return Told(sides, 0)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=parts):
                return self._call(name, parts)
        raise UntoldError

    def _constant(self, name: str) -> Told:
        if self.constant is not None and name in CALENDAR:
            return Told(self.constant(name))
        value = _value(self.module, name)
        if value is None:
            raise UntoldError
        return Told(_exact(value))

    def _inside(self, node: ast.expr, binds: int) -> str:
        told = self.told(node)
        return told.text if told.binds >= binds else f"({told.text})"

    def _operation(self, node: ast.BinOp) -> Told:
        if (fixed := self._fixed(node)) is not None:
            return Told(_exact(fixed))
        if isinstance(node.op, ast.Add) and self._is_zero(node.left):
            return self.told(node.right)
        if isinstance(node.op, ast.Add | ast.Sub) and self._is_zero(node.right):
            return self.told(node.left)
        if self._is_unit(node.right, node.op):
            return self.told(node.left)
        if self._is_unit(node.left, node.op) and isinstance(node.op, ast.Mult):
            return self.told(node.right)
        if isinstance(node.op, ast.Pow):
            return self._power(node)
        if type(node.op) not in SIGNS:
            raise UntoldError
        sign, binds = SIGNS[type(node.op)]
        is_strict = isinstance(node.op, ast.Sub | ast.Div)
        left, right = self._inside(node.left, binds), self._inside(node.right, binds + is_strict)
        return Told(f"{left} {sign} {right}", binds)

    def _fixed(self, node: ast.BinOp) -> float | None:
        """The product of two constants, such as seconds in a day."""
        match node:
            case ast.BinOp(left=ast.Name(id=one), op=ast.Mult(), right=ast.Name(id=other)):
                values = [_value(self.module, name) for name in (one, other) if name.isupper()]
                return math.prod(values) if len(values) == 2 and None not in values else None  # type: ignore[arg-type]
        return None

    def _is_zero(self, node: ast.expr) -> bool:
        """Whether it adds nothing, or only the shape of an input: `0.0 * parameter_count`."""
        match node:
            case ast.Constant(value=0.0):
                return True
            case ast.Name(id=name):
                return name in self.zeros
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self._is_zero(left) or self._is_zero(right)
            case ast.BinOp(left=left, op=ast.Div()):
                return self._is_zero(left)
        return False

    def _is_unit(self, node: ast.expr, op: ast.operator) -> bool:
        if not isinstance(node, ast.Name):
            return False
        is_time = node.id == HOURLY and isinstance(op, ast.Div) and self.result.endswith("_h")
        return is_time or isinstance(op, UNITS.get(node.id, ()))

    def _power(self, node: ast.BinOp) -> Told:
        base = self._inside(node.left, ATOM)
        if isinstance(node.left, ast.Name):
            base = f"({base})"
        match node.right:
            case ast.Constant(value=int() | float() as power) if power in SQUARES:
                return Told(f"{base}{SQUARES[power]}", POWER)
        return Told(f"{base}^{self._inside(node.right, ATOM)}", POWER)

    def _call(self, name: str, parts: Sequence[ast.expr]) -> Told:
        if name in SAME:
            return self.told(parts[0])
        if name == "_per":
            return self._operation(ast.BinOp(parts[0], ast.Div(), parts[1]))
        if name == "sum" and _is_all(parts[0]):
            told = [each for each in self.given if each not in self.zeros] or self.given
            return Told(" + ".join(map(self.say, told)), 1)
        if name == "where":
            return self._where(*parts)
        if name == "maximum" and self._only_guards(parts[1]):
            return self.told(parts[0])
        if name in ("sqrt", "ceil", "floor", "clip"):
            words = zip(("value", "low", "high"), self._parts(parts), strict=False)
            return Told(t(f"equation.{name}", **dict(words)))
        if name in MATHS:
            return Told(f"{MATHS[name]}({', '.join(self._parts(parts))})")
        return self.told(self._inlined(name, parts))

    def _inlined(self, name: str, parts: Sequence[ast.expr]) -> ast.expr:
        """What another formula of the same module does, put in the place of its call."""
        called = by_name().get(f"{self.module}.{name}")
        if called is None or called.tree is None or len(called.inputs) != len(parts):
            raise UntoldError
        return put(called.tree, dict(zip(called.inputs, parts, strict=True)))

    def _parts(self, parts: Sequence[ast.expr]) -> list[str]:
        if len(parts) == 1 and _is_all(parts[0]):
            return [self.say(each) for each in self.given]
        return [self.told(each).text for each in parts]

    def _only_guards(self, node: ast.expr) -> bool:
        """Whether it is a bound so low that it only keeps a division from failing."""
        match node:
            case ast.Constant(value=int() | float() as bound):
                return 0 < bound < LEAST_SHOWN
            case ast.Name(id=name) if name not in self.given:
                return 0 < (_value(self.module, name) or 0.0) < LEAST_SHOWN
        return False

    def _where(self, condition: ast.expr, yes: ast.expr, no: ast.expr) -> Told:
        """One of two; the other alone where one of them is no number."""
        if _is_nan(no) or _is_nan(yes):
            return self.told(yes if _is_nan(no) else no)
        if isinstance(condition, ast.Compare) and ast.dump(condition.left) == ast.dump(yes):
            return self.told(yes)  # Else a number takes its place that keeps a division going.
        told = {"yes": yes, "no": no, "condition": condition}
        return Told(t("equation.where", **{k: self.told(v).text for k, v in told.items()}), 0)


def _is_nan(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "nan"


def _is_all(node: ast.expr) -> bool:
    """Whether it is all inputs of a formula that takes any: `values.values()`, listed or not."""
    match node:
        case ast.Call(func=ast.Attribute(attr="values")):
            return True
        case ast.Call(func=ast.Name(id="list"), args=[inner]):
            return _is_all(inner)
    return False

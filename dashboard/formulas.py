"""The formulas, read from the code: what they say, what they take, where they are from."""

import ast
import copy
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import NamedTuple, cast

from engine import projection
from engine.units import Float

TOPICS = {
    "arithmetic": ("sized", "training", "item_times", "step_time", "throughput", "scaling"),
    "memory": ("memory",),
    "serving": ("serving", "replicas", "serving_rates", "serving_passes", "serving_sizes"),
    "energy": ("energy", "carbon", "serving_power"),
    "storage": ("storage", "storage_prices"),
    "money": ("cost", "billing"),
    "value": ("value", "cash_flow"),
    "quality": ("quality", "quality_curves", "accuracy_fit", "compression", "served_score"),
}
"""Modules by what they are about, in the order a bill is worked out; the rest comes last."""

OTHER = "other"
_URL = re.compile(r"https?://[^\s)>,]+[^\s)>,.]")


class Formula(NamedTuple):
    """One pure function of numbers."""

    name: str
    """As in the working of a number, e.g. `energy.facility_energy_kwh`."""
    says: str
    """Its docstring, without where it is from."""
    source: str
    """Where it is from; empty for plain bookkeeping."""
    link: str | None
    inputs: tuple[str, ...]
    result: str
    """What it returns, as written in the code; empty where that takes several steps."""
    tree: ast.expr | None
    """The same as one expression, its steps put into each other; None where it is not one."""

    @property
    def searched(self) -> str:
        """Everything a search looks at."""
        return f"{self.name} {self.says} {self.source} {' '.join(self.inputs)}".lower()


@cache
def topics() -> dict[str, tuple[Formula, ...]]:
    """Every formula of the projection by topic."""
    modules = {m.name: m.name for m in pkgutil.iter_modules(projection.__path__)}
    placed = {name: topic for topic, names in TOPICS.items() for name in names}
    found: dict[str, list[Formula]] = {topic: [] for topic in (*TOPICS, OTHER)}
    order = [name for names in TOPICS.values() for name in names if name in modules]
    for name in (*order, *sorted(modules.keys() - set(order))):
        module = importlib.import_module(f"{projection.__name__}.{name}")
        found[placed.get(name, OTHER)] += _formulas(module)
    return {topic: tuple(each) for topic, each in found.items() if each}


@cache
def by_name() -> dict[str, Formula]:
    """Every formula by the name an Estimate gives it."""
    return {formula.name: formula for found in topics().values() for formula in found}


def _formulas(module: ModuleType) -> list[Formula]:
    own = [
        f
        for name, f in inspect.getmembers(module, inspect.isfunction)
        if f.__module__ == module.__name__ and not name.startswith("_") and _is_formula(f)
    ]
    own.sort(key=lambda f: f.__code__.co_firstlineno)
    return [_formula(f) for f in own]


def _is_formula(function: Callable[..., object]) -> bool:
    signature = inspect.signature(function)
    kinds = [p.annotation for p in signature.parameters.values()]
    return signature.return_annotation == "Float" and bool(kinds) and set(kinds) <= {"Float"}


def _formula(function: Callable[..., Float]) -> Formula:
    text = inspect.getdoc(function) or ""
    says, _, source = text.partition("Source:")
    link = _URL.search(source)
    steps = _steps(function)
    return Formula(
        name=f"{function.__module__.rpartition('.')[2]}.{function.__name__}",
        says=says.strip(),
        source=" ".join(_URL.sub("", source).split()).rstrip(" ,"),
        link=link[0] if link else None,
        inputs=tuple(inspect.signature(function).parameters),
        result="\n".join(ast.unparse(s).removeprefix("return ") for s in steps),
        tree=_whole(steps),
    )


def _steps(function: Callable[..., Float]) -> list[ast.Assign | ast.Return]:
    """What the function does, a statement a step; empty where it is more than assignments."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    every = [s for s in tree.body if not isinstance(s, ast.Expr)]
    steps = [s for s in every if isinstance(s, ast.Assign | ast.Return)]
    return steps if len(steps) == len(every) else []


def _whole(steps: Sequence[ast.Assign | ast.Return]) -> ast.expr | None:
    """What the steps return, as one expression of the inputs."""
    known: dict[str, ast.expr] = {}
    for step in steps:
        if step.value is None:
            return None
        value = put(step.value, known)
        if isinstance(step, ast.Return):
            return value
        (target,) = step.targets
        if not isinstance(target, ast.Name):
            return None
        known[target.id] = value
    return None


def put(expression: ast.expr, known: Mapping[str, ast.expr]) -> ast.expr:
    """The expression with others in place of some of its names."""
    return cast("ast.expr", _Put(known).visit(copy.deepcopy(expression)))


class _Put(ast.NodeTransformer):
    """Puts what a name stands for in its place."""

    def __init__(self, known: Mapping[str, ast.expr]) -> None:
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """What the name stands for, or the name."""
        return self.known.get(node.id, node)

"""The formulas, read from the code: what they say, what they take, where they are from."""

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import NamedTuple

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
    return Formula(
        name=f"{function.__module__.rpartition('.')[2]}.{function.__name__}",
        says=says.strip(),
        source=" ".join(_URL.sub("", source).split()).rstrip(" ,"),
        link=link[0] if link else None,
        inputs=tuple(inspect.signature(function).parameters),
        result=_result(function),
    )


def _result(function: Callable[..., Float]) -> str:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    steps = [s for s in tree.body if not (isinstance(s, ast.Expr))]
    simple = all(isinstance(s, ast.Assign | ast.Return) for s in steps)
    return "\n".join(ast.unparse(s).removeprefix("return ") for s in steps) if simple else ""

"""Every number says its unit."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

import engine.projection
from engine import records
from engine.catalogue import schema
from engine.records import Estimate
from engine.scenario import Bounds, Scenario
from engine.units import Float

UNITS = (
    "_s", "_h", "_j", "_w", "_kwh", "_gb", "_bytes", "_usd", "_kgco2e", "_litres", "_tflops",
    "_tops", "_gflop", "flop", "_months", "_years", "_hours", "_share", "_ratio", "_count",
    "_billion", "_nats", "_tokens", "_size", "_number",
)  # fmt: skip
PER = (
    "_per_s", "_per_h", "_per_kwh", "_per_month", "_per_year", "_per_day", "_per_hour",
    "_per_gb", "_per_gb_month", "_per_tb_month", "_per_device", "_per_device_hour", "_per_item",
    "_per_request", "_per_token", "_per_replica", "_per_thousand_requests", "_per_parameter",
    "_per_million_items", "_per_step", "_per_sequence", "_per_value", "_per_layer", "_at_16_bit",
    "_per_tonne", "_per_kw_month", "_per_tb", "_million", "_per_outcome", "_per_right",
    "_per_litre", "_per_tonne_co2e", "_per_million_input_items", "_per_million_output_items",
    "_per_true_positive", "_per_true_negative", "_per_false_positive", "_per_false_negative",
)  # fmt: skip
PURE = {
    "mfu": "model FLOP utilisation, a share everyone calls by this name",
    "pue": "power usage effectiveness, a ratio everyone calls by this name",
    "value": "has the unit in the name of the field that holds it",
    "low": "as value",
    "high": "as value",
    "load_average": "runnable processes, as the operating system calls it",
    "number": "an ordinal",
    "intercept": "a coefficient of a published fit, named as in its source",
    "slope": "as intercept",
    "exponent": "as intercept",
    "work_slope": "as intercept",
    "work_square_slope": "as intercept",
    "size_slope": "as intercept",
    "size_square_slope": "as intercept",
    "work_size_slope": "as intercept",
    "transfer_exponent": "as intercept",
    "size_exponent": "as intercept",
    "data_exponent": "as intercept",
    "recipe_year": "a year of the calendar",
    "zero_stage": "an ordinal, 0 to 3, of ways to share out state",
    "lora_rank": "the rank of a matrix",
}


def _says_its_unit(name: str) -> bool:
    return name in PURE or name.endswith(UNITS + PER)


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(engine.projection.__path__, "engine.projection."):
        yield importlib.import_module(found.name)


def _is_number(annotation: Any) -> bool:
    text = str(annotation)
    return annotation in (float, Float, Estimate) or text in (
        "float", "float | None", "Float", "Float | None", "Estimate",
    )  # fmt: skip


def _numbers_of_functions(module: ModuleType) -> Iterator[str]:
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__ and not name.startswith("_"):
            for parameter in inspect.signature(function).parameters.values():
                if str(parameter.annotation) in {"Float", "float"} or parameter.annotation is Float:
                    yield f"{name}({parameter.name})"


def _numbers_of_record(record: Any) -> Iterator[str]:
    for item in fields(record):
        if _is_number(item.type):
            yield f"{record.__name__}.{item.name}"


def _numbers_of_model(model: type[BaseModel]) -> Iterator[str]:
    for name, item in model.model_fields.items():
        numeric = any(isinstance(m, Bounds) for m in item.metadata) or "Bounds" in str(
            item.annotation
        )
        if numeric or ("Fact" in str(item.annotation) and "dict" not in str(item.annotation)):
            yield f"{model.__name__}.{name}"


def _every_number() -> list[str]:
    names: list[str] = []
    for module in _modules():
        names += _numbers_of_functions(module)
    for _, record in inspect.getmembers(records, is_dataclass):
        names += _numbers_of_record(record)
    for model in (Scenario, schema.Accelerator, schema.Model, schema.Place):
        names += _numbers_of_model(model)
    return names


@pytest.mark.parametrize("name", _every_number())
def test_every_number_says_its_unit(name: str) -> None:
    bare = name.split("(")[-1].rstrip(")").split(".")[-1]
    assert _says_its_unit(bare), f"{name}: say the unit, or list it in PURE with the reason"


def test_the_rule_sees_the_numbers_it_is_meant_for() -> None:
    names = set(_every_number())
    assert {"Scenario.electricity_usd_per_kwh", "Accelerator.tdp_w"} <= names
    assert "Measurement.time_s" in names
    assert len(names) > 100
    assert not _says_its_unit("energy")

"""Every fact as one line: of what, which quantity, how much, in which unit, read where and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from engine import catalogue
from engine.catalogue.schema import Accelerator, Fact, Facts, Model, Place, SourceFact
from engine.records import BadInput

UNITS = {
    "fp32_dense_tflops": "TFLOP/s",
    "tf32_dense_tflops": "TFLOP/s",
    "bf16_dense_tflops": "TFLOP/s",
    "fp16_dense_tflops": "TFLOP/s",
    "fp8_dense_tflops": "TFLOP/s",
    "int8_dense_tops": "TOP/s",
    "fp4_dense_tflops": "TFLOP/s",
    "memory_gb": "GB",
    "bandwidth_gb_per_s": "GB/s",
    "interconnect_gb_per_s": "GB/s",
    "scale_up_device_count": "devices",
    "tdp_w": "W",
    "mean_power_w": "W",
    "price_usd": "USD",
    "server_price_usd": "USD",
    "parameters_billion": "10⁹ parameters",
    "active_parameters_billion": "10⁹ parameters",
    "embedding_parameters_billion": "10⁹ parameters",
    "layer_count": "layers",
    "hidden_size": "values",
    "head_count": "heads",
    "kv_head_count": "heads",
    "head_size": "values",
    "feed_forward_size": "values",
    "vocabulary_size": "tokens",
    "expert_count": "experts",
    "experts_per_token_count": "experts",
    "kv_bytes_per_token_at_16_bit": "bytes/token",
    "context_tokens": "tokens",
    "forward_gflop_per_item": "GFLOP/item",
    "trained_items_billion": "10⁹ items",
    "dataset_bytes_per_item": "bytes/item",
    "price_usd_per_kwh": "USD/kWh",
    "carbon_kgco2e_per_kwh": "kgCO2e/kWh",
    "renewable_share": "share",
    "water_litres_per_kwh": "L/kWh",
}
"""Unit of every number in an accelerator's, a model's or a place's facts."""


@dataclass(frozen=True, slots=True)
class Line:
    """One number we know."""

    thing: str
    quantity: str
    value: float | None
    unit: str
    source: SourceFact | None
    as_of: date | str | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""


def lines(kind: str, name: str | None = None) -> list[Line]:
    """Everything known of one kind of thing, or of one such thing.

    Raises:
        BadInput: no thing of that kind has that name.
    """
    return list(KINDS[kind].lines(name))


def count(kind: str) -> int:
    """How many things (or rows) of a kind are known."""
    return KINDS[kind].count()


def _each(
    names: Callable[[], tuple[str, ...]], lines_of: Callable[[str], Iterator[Line]]
) -> Callable[[str | None], Iterator[Line]]:
    def found(name: str | None) -> Iterator[Line]:
        for thing in names() if name is None else (name,):
            yield from lines_of(thing)

    return found


def _accelerator_lines(name: str) -> Iterator[Line]:
    found: Accelerator = catalogue.accelerator(name)
    yield from _fact_lines(name, found, found.sources)


def _model_lines(name: str) -> Iterator[Line]:
    found: Model = catalogue.model(name)
    shape = found.sources[found.parameters_billion.source]
    yield from _fact_lines(name, found, found.sources)
    for field in type(found).model_fields:
        value = getattr(found, field)
        if isinstance(value, int):
            yield Line(name, field, value, UNITS[field], shape)
    for score in found.scores:
        source = found.sources[score.source]
        yield Line(name, score.metric, score.value_share, "share", source, note=score.protocol)


def _place_lines(name: str) -> Iterator[Line]:
    found: Place = catalogue.place(name)
    yield from _fact_lines(name, found, found.sources)


def _fact_lines(name: str, record: Facts, sources: Mapping[str, SourceFact]) -> Iterator[Line]:
    for field in type(record).model_fields:
        fact = getattr(record, field)
        if isinstance(fact, Fact):
            yield Line(
                name,
                field,
                fact.value,
                UNITS[field],
                sources[fact.source],
                fact.as_of,
                fact.low,
                fact.high,
                fact.note,
            )


def _cloud_lines(name: str | None) -> Iterator[Line]:
    if name is not None:
        catalogue.accelerator(name)
    for price in catalogue.cloud_prices(name):
        where = f"{price.pricing}, {price.provider}, {price.region}"
        value = price.usd_per_device_hour
        unit = "USD/device-hour"
        source, as_of = price.source, price.as_of
        yield Line(price.accelerator, where, value, unit, source, as_of, note=price.note)


def _storage_lines(name: str | None) -> Iterator[Line]:
    provider = None if name is None else catalogue.storage_provider(name)
    for price in catalogue.storage_prices(provider):
        what = f"{price.kind}, {price.service}, {price.tier}, {price.region}"
        source, as_of = price.source, price.as_of
        yield Line(price.provider, what, price.value, price.unit, source, as_of, note=price.note)


def _data_centre_lines(name: str) -> Iterator[Line]:
    fact = catalogue.data_centre_fact(name)
    what = f"{fact.subject}: {fact.metric}"
    yield Line(
        name, what, fact.value, fact.unit, fact.source, fact.as_of, fact.low, fact.high, fact.note
    )


def _efficiency_lines(name: str | None) -> Iterator[Line]:
    if name is not None:
        catalogue.accelerator(name)
    for found in catalogue.efficiencies(name):
        experts = "mixture of experts" if found.mixture_of_experts else "dense"
        yield Line(
            found.accelerator,
            f"mfu, {found.precision}, {experts}",
            found.mfu,
            "share of dense 16-bit peak",
            found.source,
            low=found.mfu_low,
            high=found.mfu_high,
            note=f"{found.row_count} rows",
        )


def _curve_lines(name: str) -> Iterator[Line]:
    curve = catalogue.quality_curve(name)
    for constant, value in curve.constants.items():
        yield Line(name, constant, value, "constant of the fit", curve.source, note=curve.form)
    error = curve.error_90_share
    yield Line(name, "error_90_share", error, "share", curve.source, note=curve.note)


def _compressed_lines(task: str | None) -> Iterator[Line]:
    rows = catalogue.compressed(task)
    if not rows:
        known = ", ".join(dict.fromkeys(row.task for row in catalogue.compressed()))
        raise BadInput(f"No model for {task!r} was compressed. Known: {known}.")
    for found in rows:
        how = (found.technique, found.method, found.setting, _share(found.sparsity_share))
        what = ", ".join(part for part in (*how, found.metric) if part)
        note = "; ".join(p for p in (f"{found.before:g} → {found.after:g}", found.note) if p)
        change = round(found.after - found.before, 9)
        unit = f"Δ {found.unit}"
        yield Line(found.model, what, change, unit, found.source, found.as_of, note=note)


def _share(found: float | None) -> str:
    return "" if found is None else f"{found:.3g} taken out"


def _federated_lines(data: str | None) -> Iterator[Line]:
    known = dict.fromkeys(found.data for found in catalogue.federated())
    if data is not None and data not in known:
        raise BadInput(f"Nothing federated was learned from {data!r}. Known: {', '.join(known)}.")
    for found in catalogue.federated():
        if data in (None, found.data):
            what = f"{found.method}, {found.partition}, {found.client_count} clients"
            note = f"{found.model}, {found.round_count} rounds"
            value = found.accuracy_percent
            yield Line(found.data, what, value, "% right", found.source, found.as_of, note=note)


def _assumption_lines(name: str) -> Iterator[Line]:
    found = catalogue.assumption(name)
    yield Line(
        name,
        "assumed",
        found.value,
        found.unit,
        found.source,
        low=found.low,
        high=found.high,
        note=found.reason,
    )


@dataclass(frozen=True, slots=True)
class KindOfFact:
    """How one kind of fact is counted and listed."""

    count: Callable[[], int]
    lines: Callable[[str | None], Iterator[Line]]


def _named(
    names: Callable[[], tuple[str, ...]], lines_of: Callable[[str], Iterator[Line]]
) -> KindOfFact:
    return KindOfFact(lambda: len(names()), _each(names, lines_of))


KINDS = {
    "accelerators": _named(catalogue.accelerators, _accelerator_lines),
    "models": _named(catalogue.models, _model_lines),
    "places": _named(catalogue.places, _place_lines),
    "cloud-prices": KindOfFact(lambda: len(catalogue.cloud_prices()), _cloud_lines),
    "storage-prices": KindOfFact(lambda: len(catalogue.storage_prices()), _storage_lines),
    "data-centre": _named(catalogue.data_centre_facts, _data_centre_lines),
    "efficiency": KindOfFact(lambda: len(catalogue.efficiencies()), _efficiency_lines),
    "quality": _named(catalogue.quality_curves, _curve_lines),
    "compression": KindOfFact(lambda: len(catalogue.compressed()), _compressed_lines),
    "federated": KindOfFact(lambda: len(catalogue.federated()), _federated_lines),
    "assumptions": _named(catalogue.assumptions, _assumption_lines),
}
"""Every kind of fact, in the order shown."""

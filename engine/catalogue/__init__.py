"""What we know: facts with unit, source and date. Ask here; what is missing says so.

accelerators() / accelerator(id), models() / model(id), places() / place(id),
storage_providers() / storage_provider(id), data_centre_facts() / data_centre_fact(id),
quality_curves() / quality_curve(metric), assumptions() / assumption(name): `xs()` gives
the ids, `x(id)` the thing itself, or raises BadInput naming close matches, what is known,
and how to add one. cloud_prices(accelerator_id=None), storage_prices(provider=None) and
efficiencies(accelerator_id=None), compressed(task=None), federated() and landmarks() give
records. Only what is asked for is read.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from engine.catalogue import loading
from engine.catalogue.schema import (
    Accelerator,
    Assumption,
    CloudPrice,
    Compressed,
    DataCentreFact,
    Efficiency,
    Federated,
    Landmark,
    Model,
    Place,
    QualityCurve,
    StoragePrice,
    ValueTemplate,
)

__all__ = [
    "accelerator",
    "accelerators",
    "assumption",
    "assumptions",
    "cloud_prices",
    "compressed",
    "data_centre_fact",
    "data_centre_facts",
    "efficiencies",
    "federated",
    "landmarks",
    "model",
    "models",
    "place",
    "places",
    "quality_curve",
    "quality_curves",
    "storage_prices",
    "storage_provider",
    "storage_providers",
    "value_template",
    "value_templates",
]

PLACE_FACTS = (
    "price_usd_per_kwh",
    "carbon_kgco2e_per_kwh",
    "renewable_share",
    "water_litres_per_kwh",
)
LENT_FACTS = ("price_usd_per_kwh", "water_litres_per_kwh")
"""Taken from the place around where a place has none; carbon and renewables are never lent."""


def accelerators() -> tuple[str, ...]:
    """Ids of every accelerator and processor."""
    return loading.ids("accelerators")


@cache
def accelerator(accelerator_id: str) -> Accelerator:
    """One accelerator or processor."""
    if accelerator_id not in accelerators():
        how = f"write engine/catalogue/accelerators/{accelerator_id}.toml"
        known = _as_labels(accelerators())
        raise loading.not_known("accelerator", accelerator_id, known, "accelerators", how)
    return loading.record(Accelerator, "accelerators", accelerator_id)


def _as_labels(ids: Iterable[str]) -> dict[str, str]:
    return {known: known for known in ids}


def models() -> tuple[str, ...]:
    """Ids of every known model."""
    return loading.ids("models")


@cache
def model(model_id: str) -> Model:
    """One known model."""
    if model_id not in models():
        how = f"write engine/catalogue/models/{model_id}.toml"
        known = _as_labels(models())
        raise loading.not_known("model", model_id, known, "models", how)
    return loading.record(Model, "models", model_id)


def places() -> tuple[str, ...]:
    """Ids of every place whose electricity is known."""
    return tuple(loading.rows_by("places.csv", "id"))


@cache
def place(place_id: str) -> Place:
    """One place; price and water it lacks come from the larger place it lies in, and say so."""
    row = loading.rows_by("places.csv", "id").get(place_id)
    if row is None:
        how = "add a row to engine/catalogue/places.csv"
        rows = loading.rows_by("places.csv", "id")
        known = _as_labels(rows) | {other["name"]: key for key, other in rows.items()}
        raise loading.not_known("place", place_id, known, "places", how)
    return loading.checked(Place, _place_content(row), loading.HERE / "places.csv", place_id)


def _place_content(row: Mapping[str, str]) -> dict[str, Any]:
    content: dict[str, Any] = {"id": row["id"], "name": row["name"], "sources": {}}
    around = loading.rows_by("places.csv", "id").get(row.get("within", ""), {})
    for fact in PLACE_FACTS:
        origin = around if fact in LENT_FACTS and fact not in row else row
        if fact in origin:
            key = origin[f"{fact}_source"]
            content[fact] = _place_fact(fact, origin, row)
            content["sources"][key] = loading.table_source(key, "places.csv")
    return content


def _place_fact(fact: str, row: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, str]:
    note = row.get(f"{fact}_note", "")
    of_whom = f"of {row['name']}" if row is not asked else ""
    found = {
        "value": row[fact],
        "source": row[f"{fact}_source"],
        "note": "; ".join(part for part in (of_whom, note) if part),
    }
    as_of = row.get(f"{fact}_as_of")
    return found | ({"as_of": as_of} if as_of else {})


@cache
def cloud_prices(accelerator_id: str | None = None) -> tuple[CloudPrice, ...]:
    """Rents on record, all or of one accelerator, newest first."""
    rows = loading.csv_rows("cloud_prices.csv")
    found = [r for r in rows if accelerator_id is None or r["accelerator"] == accelerator_id]
    return tuple(loading.sourced_record(CloudPrice, row, "cloud_prices.csv") for row in found)


@cache
def storage_prices(provider: str | None = None) -> tuple[StoragePrice, ...]:
    """Prices for keeping and moving bytes, all or of one seller."""
    rows = loading.csv_rows("storage_prices.csv")
    found = [r for r in rows if provider is None or r["provider"] == provider]
    return tuple(loading.sourced_record(StoragePrice, row, "storage_prices.csv") for row in found)


def storage_providers() -> tuple[str, ...]:
    """Ids of every seller of storage."""
    return tuple(dict.fromkeys(r["provider"] for r in loading.csv_rows("storage_prices.csv")))


def storage_provider(provider: str) -> str:
    """The id itself, once known to be a seller of storage."""
    if provider not in storage_providers():
        how = "add its rows to engine/catalogue/storage_prices.csv"
        known = _as_labels(storage_providers())
        raise loading.not_known("storage provider", provider, known, "storage-prices", how)
    return provider


def data_centre_facts() -> tuple[str, ...]:
    """Ids of every published figure about data centres."""
    return tuple(loading.rows_by("data_centre.csv", "id"))


@cache
def data_centre_fact(fact_id: str) -> DataCentreFact:
    """One published figure about data centres."""
    row = loading.rows_by("data_centre.csv", "id").get(fact_id)
    if row is None:
        how = "add a row to engine/catalogue/data_centre.csv"
        known = _as_labels(data_centre_facts())
        raise loading.not_known("data-centre fact", fact_id, known, "data-centre", how)
    return loading.sourced_record(DataCentreFact, row, "data_centre.csv")


@cache
def efficiencies(accelerator_id: str | None = None) -> tuple[Efficiency, ...]:
    """Share of peak that published training runs reached, all or on one accelerator."""
    rows = loading.csv_rows("efficiency.csv")
    found = [r for r in rows if accelerator_id is None or r["accelerator"] == accelerator_id]
    return tuple(loading.sourced_record(Efficiency, row, "efficiency.csv") for row in found)


@cache
def compressed(task: str | None = None) -> tuple[Compressed, ...]:
    """Scores before and after compression, all or of one task."""
    rows = loading.csv_rows("compression.csv")
    found = [r for r in rows if task is None or r["task"] == task]
    return tuple(loading.sourced_record(Compressed, row, "compression.csv") for row in found)


@cache
def federated() -> tuple[Federated, ...]:
    """Accuracies of clients that learned together."""
    rows = loading.csv_rows("federated.csv")
    return tuple(loading.sourced_record(Federated, row, "federated.csv") for row in rows)


@cache
def landmarks() -> tuple[Landmark, ...]:
    """Models of their time, oldest first."""
    rows = loading.csv_rows("landmarks.csv")
    return tuple(loading.sourced_record(Landmark, row, "landmarks.csv") for row in rows)


def value_templates() -> tuple[str, ...]:
    """Ids of every use whose worth is laid out."""
    return loading.ids("value_templates")


@cache
def value_template(template_id: str) -> ValueTemplate:
    """What one use is worth."""
    if template_id not in value_templates():
        how = f"write engine/catalogue/value_templates/{template_id}.toml"
        known = _as_labels(value_templates())
        raise loading.not_known("value template", template_id, known, "value-templates", how)
    return loading.record(ValueTemplate, "value_templates", template_id)


def quality_curves() -> tuple[str, ...]:
    """Metrics that have a curve."""
    return tuple(loading.toml_table("quality_curves.toml"))


@cache
def quality_curve(metric: str) -> QualityCurve:
    """How one published score grows with size and data."""
    content = loading.toml_table("quality_curves.toml").get(metric)
    if content is None:
        how = "add a table to engine/catalogue/quality_curves.toml"
        known = _as_labels(quality_curves())
        raise loading.not_known("quality curve", metric, known, "quality", how)
    return loading.sourced_record(QualityCurve, {"metric": metric} | content, "quality_curves.toml")


def assumptions() -> tuple[str, ...]:
    """Names of every assumption."""
    return tuple(loading.toml_table("assumptions.toml"))


@cache
def assumption(name: str) -> Assumption:
    """One number nobody prints for us, with its range and reason."""
    content = loading.toml_table("assumptions.toml").get(name)
    if content is None:
        how = "add a table to engine/catalogue/assumptions.toml"
        known = _as_labels(assumptions())
        raise loading.not_known("assumption", name, known, "assumptions", how)
    return loading.sourced_record(Assumption, content, "assumptions.toml")

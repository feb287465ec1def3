"""The panel that asks for a Scenario: which choices there are, in which groups."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args

import streamlit as st

from dashboard import cases, choosable, link, phrases, presets, readable, widgets
from dashboard.i18n import t
from dashboard.link import Choice
from dashboard.theme import round_step
from dashboard.widgets import Known
from engine import catalogue
from engine.catalogue.schema import Pricing
from engine.projection import api_price
from engine.projection.evidence import MEASURED_PREFIX
from engine.scenario import (
    CachePrecision,
    LanguageMetric,
    Optimiser,
    Ownership,
    Precision,
    Recomputation,
    Scenario,
    ServingEngine,
    ServingPrecision,
    ServingScaling,
    Tier,
    Tuning,
)
from engine.units import BILLION

STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
"""Stops of a slider within each power of ten."""


@dataclass(frozen=True)
class Asked:
    """What the address asks for: a scenario, and what in it cannot be had."""

    scenario: Scenario
    chosen: Mapping[str, Choice]
    refused: Mapping[str, str]


def asked(machines: Mapping[str, str]) -> Asked:
    """The scenario in the address, each part checked by itself."""
    chosen, refused = link.choices()
    hardware_id = str(chosen.get("hardware", ""))
    if hardware_id.startswith(MEASURED_PREFIX) and hardware_id not in machines:
        refused["hardware"] = str(chosen.pop("hardware"))
    if chosen.get("api_model") and chosen["api_model"] not in api_price.models():
        refused["api_model"] = str(chosen.pop("api_model"))
    use = cases.named(chosen)
    scenario = Scenario.model_validate(chosen) if use is None else use.scenario
    return Asked(scenario, chosen, refused)


def draw(request: Asked, machines: Mapping[str, str], known: Known) -> None:
    """All controls, few first, the rest folded; `machines` are measured ones by hardware id."""
    now = request.scenario
    preset(request.chosen)
    main(now, machines, known)
    st.caption(t("control.more"))
    price = "usd_per_device_hour" if now.ownership == "cloud" else "usd_per_device"
    no_price = known.get("usd_per_device_hour") is None and getattr(now, price) is None
    for name, (icon, group) in FOLDED.items():
        _fold(name, icon, partial(group, now, known), expanded=name == "hardware" and no_price)


def _fold(name: str, icon: str, fill: Callable[[], None], *, expanded: bool) -> None:
    """A group of choices that is filled once it is opened: half a hundred boxes take their time."""
    with st.expander(
        t(f"control.{name}"), icon=icon, expanded=expanded, key=f"fold_{name}", on_change="rerun"
    ) as group:
        if group.open:
            fill()


def preset(chosen: Mapping[str, Choice]) -> None:
    """Ready scenarios; one is lit while the choices are exactly its own."""
    labels = {name: t(f"preset.{name}") for name in presets.PRESETS}
    st.pills(
        t("control.preset"),
        list(labels),
        default=widgets.follow("preset", presets.matching(chosen)),
        key="preset",
        format_func=labels.__getitem__,
        on_change=_start_from,
    )


def main(now: Scenario, machines: Mapping[str, str], known: Known) -> None:
    """The few choices that matter most."""
    model = catalogue.model(now.model)
    items = t(f"items.{model.item}")
    widgets.pick("model", now.model, choosable.model_names(), on_change=_take_model)
    own_size = model.parameters_billion.value
    widgets.slide("parameters_billion", now.parameters_billion, SIZES, _billions, known, own_size)
    widgets.slide(
        "dataset_items_billion", now.dataset_items_billion, DATA, _billions, known, items=items
    )
    measured = {i: t("control.measured", name=name) for i, name in machines.items()}
    widgets.pick(
        "hardware",
        now.hardware,
        measured | dict(choosable.hardware_names()),
        on_change=_take_hardware,
    )
    widgets.slide(
        "training_device_count", now.training_device_count, DEVICES, readable.exact, known
    )
    widgets.segment("ownership", now.ownership, get_args(Ownership))
    widgets.pick("place", now.place, choosable.place_names(), on_change=_take_place)
    price = catalogue.place(now.place).price_usd_per_kwh
    widgets.slide(
        "electricity_usd_per_kwh",
        now.electricity_usd_per_kwh,
        electricity(),
        _per_kwh,
        known,
        price.value if price else known.get("electricity_usd_per_kwh"),
        disabled=now.ownership == "cloud",
    )
    widgets.slide(
        "requests_per_day",
        now.requests_per_day,
        REQUESTS,
        readable.count,
        known,
        beside=t("control.a_month", count=phrases.a_month(float(now.requests_per_day))),
    )
    widgets.slide("horizon_months", now.horizon_months, MONTHS, readable.count, known)


def training(now: Scenario, known: Known) -> None:
    """How the model is trained."""
    model = catalogue.model(now.model)
    widgets.number("epoch_count", now, known)
    widgets.number("training_run_count", now, known)
    widgets.pick("precision", now.precision, choosable.options("precision", get_args(Precision)))
    widgets.pick("optimiser", now.optimiser, choosable.options("optimiser", get_args(Optimiser)))
    if model.item == "token":
        widgets.number("sequence_tokens", now, known)
    widgets.number("dataset_bytes_per_item", now, known, item=t(f"item.{model.item}"))
    for name in ("development_ratio", "mfu", "goodput_share"):
        widgets.number(name, now, known)
    if model.item == "token":
        widgets.pick("tuning", now.tuning, choosable.options("tuning", get_args(Tuning)))
        widgets.number("lora_rank", now, known, disabled=now.tuning == "full")
        parallel(now, known)
    if model.family == "decoder":
        widgets.pick(
            "language_metric",
            now.language_metric,
            choosable.options("language_metric", get_args(LanguageMetric)),
        )
        widgets.number("anchor_score_share", now, known)


def parallel(now: Scenario, known: Known) -> None:
    """How training is dealt out to the devices; left open, as memory needs."""
    widgets.open_pick("recomputation", now.recomputation, get_args(Recomputation))
    for name in PARALLEL:
        widgets.number(name, now, known)


def hardware(now: Scenario, known: Known) -> None:
    """What the hardware costs; rent and purchase exclude each other."""
    rented = now.ownership == "cloud"
    widgets.pick(
        "pricing", now.pricing, choosable.options("pricing", get_args(Pricing)), disabled=not rented
    )
    widgets.number("usd_per_device_hour", now, known, disabled=not rented)
    spot = rented and now.pricing == "spot"
    widgets.number("spot_interruptions_per_month", now, known, disabled=not spot)
    for name in OWNING:
        widgets.number(name, now, known, disabled=rented)


def place(now: Scenario, known: Known) -> None:
    """Electricity and building."""
    rented = now.ownership == "cloud"
    widgets.number("carbon_kgco2e_per_kwh", now, known)
    widgets.number("renewable_share", now, known)
    widgets.number("renewable_usd_per_kwh", now, known, disabled=rented or now.renewable_share == 0)
    for name in ("carbon_usd_per_tonne", "pue", "site_water_litres_per_kwh"):
        widgets.number(name, now, known)


def data_and_evaluation(now: Scenario, known: Known) -> None:
    """What comes before and after training."""
    items = t(f"items.{catalogue.model(now.model).item}")
    widgets.number("raw_to_prepared_ratio", now, known)
    widgets.number("preparation_core_hours_per_tb", now, known)
    widgets.number("evaluation_count", now, known)
    widgets.number("evaluation_items_million", now, known, items=items)


def storage(now: Scenario, known: Known) -> None:
    """What is kept, where."""
    names = choosable.options("storage_provider", catalogue.storage_providers())
    widgets.pick("storage_provider", now.storage_provider, names)
    for name in ("checkpoint_interval_hours", "checkpoints_kept_count", "replica_count"):
        widgets.number(name, now, known)
    for name in ("raw_data_tier", "checkpoint_tier"):
        widgets.pick(name, getattr(now, name), choosable.options(name, get_args(Tier)))


def serving(now: Scenario, known: Known) -> None:
    """What a request is, and how it is served."""
    items = t(f"items.{catalogue.model(now.model).item}")
    widgets.number("input_items_per_request", now, known, items=items)
    widgets.number("output_items_per_request", now, known, items=items)
    names = choosable.options("serving_precision", get_args(ServingPrecision))
    widgets.pick("serving_precision", now.serving_precision, names)
    widgets.pick(
        "serving_engine",
        now.serving_engine,
        choosable.options("serving_engine", get_args(ServingEngine)),
    )
    scaling = choosable.options("serving_scaling", get_args(ServingScaling))
    widgets.pick("serving_scaling", now.serving_scaling, scaling, disabled=now.ownership == "owned")
    for name in ("peak_to_mean_ratio", "serving_hours_per_day"):
        widgets.number(name, now, known)


def speed(now: Scenario, known: Known) -> None:
    """Goals for speed, and what there is to reach them with."""
    widgets.number("serving_batch_count", now, known)
    widgets.number("latency_slo_s", now, known)
    if not catalogue.model(now.model).generates:
        return
    for name in GENERATING:
        widgets.number(name, now, known)
    widgets.open_pick("cache_precision", now.cache_precision, get_args(CachePrecision))
    seller(now)


def seller(now: Scenario) -> None:
    """A model whose answers could be bought instead."""
    offered = {
        name: words
        for name, words in api_price.models().items()
        if name.partition(":")[0] in SELLERS or name == now.api_model
    }
    widgets.pick("api_model", now.api_model, offered, unset=t("control.none"))


PARALLEL = (
    "global_batch_tokens", "micro_batch_sequence_count", "tensor_parallel_count",
    "pipeline_parallel_count", "context_parallel_count", "expert_parallel_count", "zero_stage",
)  # fmt: skip


OWNING = (
    "usd_per_device", "device_life_years", "residual_share", "discount_share_per_year",
    "owned_use_share", "maintenance_share_per_year", "space_usd_per_kw_month",
    "staff_usd_per_device_per_year",
)  # fmt: skip


GENERATING = (
    "ttft_slo_s", "tpot_slo_s", "reasoning_tokens_per_request", "prefix_cache_hit_share",
    "serving_tensor_parallel_count", "serving_pipeline_parallel_count",
)  # fmt: skip


SELLERS = (
    "anthropic", "cohere", "deepseek", "google", "groq", "meta", "minimax", "mistral",
    "moonshotai", "openai", "x-ai", "zai",
)  # fmt: skip
"""Whose models are offered for comparison; those of a thousand resellers open by address."""


FOLDED: Mapping[str, tuple[str, Callable[[Scenario, Known], None]]] = {
    "training": (":material/model_training:", training),
    "hardware": (":material/memory:", hardware),
    "place": (":material/bolt:", place),
    "evaluation": (":material/fact_check:", data_and_evaluation),
    "storage": (":material/database:", storage),
    "serving": (":material/dns:", serving),
    "speed": (":material/timer:", speed),
}
"""Groups of further choices, in order: icon and widgets."""


def _stops(first_power: int, last_power: int, steps: Sequence[float] = STEPS) -> tuple[float, ...]:
    powers = range(first_power, last_power)
    stops = [float(f"{step}e{power}") for power in powers for step in steps]
    return (*stops, 10.0**last_power)


SIZES = _stops(-5, 3)


DATA = _stops(-6, 5)


DEVICES = tuple(2.0**power for power in range(18))


ELECTRICITY_STEP_USD = 0.01


ELECTRICITY_STOP_COUNT = 51


REQUESTS = (0.0, *_stops(1, 10))


MONTHS = (
    1.0,
    2.0,
    3.0,
    6.0,
    9.0,
    12.0,
    18.0,
    24.0,
    30.0,
    36.0,
    48.0,
    60.0,
    72.0,
    84.0,
    96.0,
    120.0,
)


def _billions(value_billion: float) -> str:
    return readable.count(value_billion * BILLION)


def _per_kwh(value_usd: float) -> str:
    return t("control.per_kwh", price=readable.money(value_usd))


def electricity() -> tuple[float, ...]:
    """Prices of a kWh to stop at, in dollars: round in the currency shown."""
    step = round_step(ELECTRICITY_STEP_USD, readable.money)
    return tuple(round(step * place, 12) for place in range(ELECTRICITY_STOP_COUNT))


def _start_from() -> None:
    name = st.session_state["preset"]
    if name is not None:
        link.start_over(presets.PRESETS[name])


def _take_model() -> None:
    before = link.choices()[0].get("model", Scenario.model_fields["model"].default)
    link.choose(presets.after_model(str(before), st.session_state["model"]))


def _take_hardware() -> None:
    own: tuple[str, ...] = ("usd_per_device_hour", "usd_per_device", "mfu")
    link.choose({"hardware": st.session_state["hardware"]} | dict.fromkeys(own))


def _take_place() -> None:
    own: tuple[str, ...] = ("electricity_usd_per_kwh", "carbon_kgco2e_per_kwh", "pue")
    link.choose({"place": st.session_state["place"]} | dict.fromkeys(own))

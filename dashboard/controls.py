"""Widgets that ask for a Scenario: each follows the address, and writes to it when moved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from typing import Literal, TypeVar, get_args

import streamlit as st

from dashboard import cases, currency, i18n, link, presets, readable
from dashboard.i18n import t
from dashboard.link import Choice
from dashboard.theme import round_step
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
    bounds,
)
from engine.units import BILLION

Say = Callable[[float], str]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Known:
    """What the projection says of the choices."""

    taken: Mapping[str, float | None]
    """What is taken for a choice that is left open, by Scenario field."""
    beyond: frozenset[str] = frozenset()
    """Choices that lie outside what was measured or published."""
    seen: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Lowest and highest that was measured or published, by choice."""

    def get(self, name: str) -> float | None:
        """What is taken for a choice that is left open."""
        return self.taken.get(name)


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
    for name, (icon, widgets) in FOLDED.items():
        _fold(name, icon, partial(widgets, now, known), expanded=name == "hardware" and no_price)


def _fold(name: str, icon: str, widgets: Callable[[], None], *, expanded: bool) -> None:
    """A group of choices that is filled once it is opened: half a hundred boxes take their time."""
    with st.expander(
        t(f"control.{name}"), icon=icon, expanded=expanded, key=f"fold_{name}", on_change="rerun"
    ) as group:
        if group.open:
            widgets()


def preset(chosen: Mapping[str, Choice]) -> None:
    """Ready scenarios; one is lit while the choices are exactly its own."""
    labels = {name: t(f"preset.{name}") for name in presets.PRESETS}
    st.pills(
        t("control.preset"),
        list(labels),
        default=follow("preset", presets.matching(chosen)),
        key="preset",
        format_func=labels.__getitem__,
        on_change=_start_from,
    )


def main(now: Scenario, machines: Mapping[str, str], known: Known) -> None:
    """The few choices that matter most."""
    model = catalogue.model(now.model)
    items = t(f"items.{model.item}")
    _pick("model", now.model, model_names(), on_change=_take_model)
    own_size = model.parameters_billion.value
    _slide("parameters_billion", now.parameters_billion, SIZES, _billions, known, own_size)
    _slide("dataset_items_billion", now.dataset_items_billion, DATA, _billions, known, items=items)
    measured = {i: t("control.measured", name=name) for i, name in machines.items()}
    _pick("hardware", now.hardware, measured | dict(hardware_names()), on_change=_take_hardware)
    _slide("training_device_count", now.training_device_count, DEVICES, readable.exact, known)
    _segment("ownership", now.ownership, get_args(Ownership))
    _pick("place", now.place, place_names(), on_change=_take_place)
    price = catalogue.place(now.place).price_usd_per_kwh
    _slide(
        "electricity_usd_per_kwh",
        now.electricity_usd_per_kwh,
        electricity(),
        _per_kwh,
        known,
        price.value if price else known.get("electricity_usd_per_kwh"),
        disabled=now.ownership == "cloud",
    )
    _slide("requests_per_day", now.requests_per_day, REQUESTS, readable.count, known)
    _slide("horizon_months", now.horizon_months, MONTHS, readable.count, known)


def training(now: Scenario, known: Known) -> None:
    """How the model is trained."""
    model = catalogue.model(now.model)
    _number("epoch_count", now, known)
    _number("training_run_count", now, known)
    _pick("precision", now.precision, options("precision", get_args(Precision)))
    _pick("optimiser", now.optimiser, options("optimiser", get_args(Optimiser)))
    if model.item == "token":
        _number("sequence_tokens", now, known)
    _number("dataset_bytes_per_item", now, known, item=t(f"item.{model.item}"))
    for name in ("development_ratio", "mfu", "goodput_share"):
        _number(name, now, known)
    if model.item == "token":
        _pick("tuning", now.tuning, options("tuning", get_args(Tuning)))
        _number("lora_rank", now, known, disabled=now.tuning == "full")
        parallel(now, known)
    if model.family == "decoder":
        _pick(
            "language_metric",
            now.language_metric,
            options("language_metric", get_args(LanguageMetric)),
        )
        _number("anchor_score_share", now, known)


def parallel(now: Scenario, known: Known) -> None:
    """How training is dealt out to the devices; left open, as memory needs."""
    _open_pick("recomputation", now.recomputation, get_args(Recomputation))
    for name in PARALLEL:
        _number(name, now, known)


def hardware(now: Scenario, known: Known) -> None:
    """What the hardware costs; rent and purchase exclude each other."""
    rented = now.ownership == "cloud"
    _pick("pricing", now.pricing, options("pricing", get_args(Pricing)), disabled=not rented)
    _number("usd_per_device_hour", now, known, disabled=not rented)
    spot = rented and now.pricing == "spot"
    _number("spot_interruptions_per_month", now, known, disabled=not spot)
    for name in OWNING:
        _number(name, now, known, disabled=rented)


def place(now: Scenario, known: Known) -> None:
    """Electricity and building."""
    rented = now.ownership == "cloud"
    _number("carbon_kgco2e_per_kwh", now, known)
    _number("renewable_share", now, known)
    _number("renewable_usd_per_kwh", now, known, disabled=rented or now.renewable_share == 0)
    for name in ("carbon_usd_per_tonne", "pue", "site_water_litres_per_kwh"):
        _number(name, now, known)


def data_and_evaluation(now: Scenario, known: Known) -> None:
    """What comes before and after training."""
    items = t(f"items.{catalogue.model(now.model).item}")
    _number("raw_to_prepared_ratio", now, known)
    _number("preparation_core_hours_per_tb", now, known)
    _number("evaluation_count", now, known)
    _number("evaluation_items_million", now, known, items=items)


def storage(now: Scenario, known: Known) -> None:
    """What is kept, where."""
    names = options("storage_provider", catalogue.storage_providers())
    _pick("storage_provider", now.storage_provider, names)
    for name in ("checkpoint_interval_hours", "checkpoints_kept_count", "replica_count"):
        _number(name, now, known)
    for name in ("raw_data_tier", "checkpoint_tier"):
        _pick(name, getattr(now, name), options(name, get_args(Tier)))


def serving(now: Scenario, known: Known) -> None:
    """What a request is, and how it is served."""
    items = t(f"items.{catalogue.model(now.model).item}")
    _number("input_items_per_request", now, known, items=items)
    _number("output_items_per_request", now, known, items=items)
    names = options("serving_precision", get_args(ServingPrecision))
    _pick("serving_precision", now.serving_precision, names)
    _pick("serving_engine", now.serving_engine, options("serving_engine", get_args(ServingEngine)))
    scaling = options("serving_scaling", get_args(ServingScaling))
    _pick("serving_scaling", now.serving_scaling, scaling, disabled=now.ownership == "owned")
    for name in ("peak_to_mean_ratio", "serving_hours_per_day"):
        _number(name, now, known)


def speed(now: Scenario, known: Known) -> None:
    """Goals for speed, and what there is to reach them with."""
    _number("serving_batch_count", now, known)
    _number("latency_slo_s", now, known)
    if not presets.generates(catalogue.model(now.model)):
        return
    for name in GENERATING:
        _number(name, now, known)
    _open_pick("cache_precision", now.cache_precision, get_args(CachePrecision))
    _api(now)


def _api(now: Scenario) -> None:
    offered = {
        name: words
        for name, words in api_price.models().items()
        if name.partition(":")[0] in SELLERS or name == now.api_model
    }
    _pick("api_model", now.api_model, offered, unset=t("control.none"))


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


@cache
def model_names() -> Mapping[str, str]:
    """Every known model by id, smallest first."""
    ids = sorted(catalogue.models(), key=lambda i: catalogue.model(i).parameter_count)
    return {model_id: catalogue.model(model_id).name for model_id in ids}


@cache
def hardware_names() -> Mapping[str, str]:
    """Every accelerator and processor by id, kinds together, names in order."""
    kinds = ("gpu", "tpu", "asic", "cpu")
    known = {device_id: catalogue.accelerator(device_id) for device_id in catalogue.accelerators()}
    ids = sorted(known, key=lambda i: (kinds.index(known[i].kind), known[i].name))
    return {device_id: known[device_id].name for device_id in ids}


def place_names() -> Mapping[str, str]:
    """Every place by id, in the reader's language; states say their country."""
    return _place_names(i18n.language())


@cache
def _place_names(language: str) -> Mapping[str, str]:
    assert language == i18n.language(), "words are those of the page being drawn"
    translated = i18n.names(language)
    names = {i: translated.get(i, catalogue.place(i).name) for i in catalogue.places()}
    return {i: t("control.us_state", name=n) if _is_state(i) else n for i, n in names.items()}


def _is_state(place_id: str) -> bool:
    return place_id.startswith("us:") and place_id != "us:US"


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


def options(field: str, values: Sequence[str]) -> dict[str, str]:
    """Values of a choice, each with its words."""
    return {value: t(f"option.{field}.{value}") for value in values}


def follow(name: str, value: Value) -> Value:
    """Set a widget to what the address says, unless it shows that already.

    The value is to be the widget's default as well: a browser that never heard of a run which
    was cut short draws the default, and would answer with the first of the options were there
    none. A widget that can be emptied has no default, and is set anew (`refill`).
    """
    if i18n.relabelled() or st.session_state.get(name) != value:
        st.session_state[name] = value
    return value


def refill(name: str, value: object) -> None:
    """Set a widget that can be emptied to what the address says."""
    if value is not None or st.session_state.get(name) is not None:
        st.session_state[name] = value


def main_button() -> Literal["primary", "secondary"]:
    """How the button most wanted on a page looks.

    White on the accent of the dark theme is too faint to read, and the accent cannot be darker:
    what is selected is written in it.
    """
    return "secondary" if st.context.theme.type == "dark" else "primary"


def _hint(name: str, known: Known | None = None) -> str | None:
    own = [t(f"hint.{name}")] if i18n.known(f"hint.{name}") else []
    seen = [t("control.seen_hint")] if known is not None and name in known.seen else []
    return " ".join(own + seen) or None


def _bounds(name: str, known: Known, say: Say) -> list[str]:
    """The soft bounds of a choice, and a mark where it lies outside them; a part of its label.

    Every element of its own makes each move of a slider slower.
    """
    told = []
    if name in known.seen:
        low, high = known.seen[name]
        seen = t("control.seen", range=readable.between(say(low), say(high)))
        told.append(f":gray[{seen}]")
    if name in known.beyond:
        told.append(f":orange-badge[{t('control.beyond')}]")
    return [part.replace("$", "\\$") for part in told]


def _slide(
    name: str,
    value: object,
    stops: Sequence[float],
    say: Say,
    known: Known,
    own: float | None = None,
    *,
    disabled: bool = False,
    **words: str,
) -> None:
    """A slider over uneven stops; where nothing is chosen it stands at `own`, what is known."""
    here = own if value is None else float(value)  # type: ignore[arg-type]
    here = stops[0] if here is None else here
    by_label = dict(_labelled(tuple(stops), say, i18n.language(), currency.shown()))
    by_label |= {say(extra): extra for extra in (own, here) if extra is not None}
    labels = {stop: label for label, stop in by_label.items()}
    st.select_slider(
        " ".join([t(f"field.{name}", **words), *_bounds(name, known, say)]),
        sorted(labels),
        value=follow(name, here),
        key=name,
        format_func=labels.__getitem__,
        help=_hint(name, known),
        disabled=disabled,
        on_change=_choose,
        args=(name, own),
    )


@lru_cache(maxsize=64)
def _labelled(
    stops: tuple[float, ...], say: Say, language: str, money: str
) -> tuple[tuple[str, float], ...]:
    """Stops by what is said of them; two that are said alike are one."""
    assert (language, money) == (i18n.language(), currency.shown()), "words are those of the page"
    return tuple({say(stop): stop for stop in stops}.items())


def _pick(
    name: str,
    value: str | None,
    names: Mapping[str, str],
    *,
    disabled: bool = False,
    unset: str | None = None,
    on_change: Callable[..., None] | None = None,
) -> None:
    """A choice from a list; one that may be left open shows `unset` while it is."""
    labels = dict(names) if value is None or value in names else {value: value, **names}
    ids = list(labels)
    if unset:
        refill(name, value)
    else:
        follow(name, value)
    st.selectbox(
        t(f"field.{name}"),
        ids,
        index=None if unset or value is None else ids.index(value),
        key=name,
        format_func=labels.__getitem__,
        placeholder=unset or "",
        help=_hint(name),
        disabled=disabled,
        on_change=on_change or _choose,
        args=() if on_change else (name, None),
    )


def _open_pick(name: str, value: str | None, values: Sequence[str]) -> None:
    _pick(name, value, options(name, values), unset=t("control.as_needed"))


def _segment(name: str, value: str, values: Sequence[str]) -> None:
    labels = options(name, values)
    st.segmented_control(
        t(f"field.{name}"),
        list(labels),
        default=follow(name, value),
        key=name,
        required=True,
        format_func=labels.__getitem__,
        help=_hint(name),
        width="stretch",
        on_change=_choose,
        args=(name, None),
    )


def _number(
    name: str, now: Scenario, known: Known, *, disabled: bool = False, **words: str
) -> None:
    """A number to type; where it may be left open, the empty box shows what is taken."""
    default, own = Scenario.model_fields[name].default, getattr(now, name)
    low, high = limits(name)
    taken = known.get(name)
    refill(name, None if own is None else shown(name, own))
    st.number_input(
        " ".join(
            [t(f"field.{name}", **words), *_bounds(name, known, partial(readable.choice, name))]
        ),
        min_value=low,
        max_value=high,
        value=None,
        step=_step(default if default is not None else taken),
        format="%.6g",
        key=name,
        placeholder=_placeholder(name, known, open_choice=default is None and not disabled),
        help=_hint(name, known),
        disabled=disabled,
        on_change=_type,
        args=(name,),
    )


def shown(name: str, value: float) -> float:
    """A number of the engine as its box shows it: money in the currency shown."""
    return currency.typed(value) if readable.is_money(name) else value


def meant(name: str, value: Choice) -> Choice:
    """What a widget says, as the engine counts it: money in dollars."""
    is_amount = isinstance(value, float) and readable.is_money(name)
    return currency.dollars(value) if is_amount else value  # type: ignore[arg-type]


def limits(name: str) -> tuple[float, float]:
    """The least and the most that can be typed for a choice."""
    found = bounds(name)
    return shown(name, float(found.low)), shown(name, float(found.high))


def _placeholder(name: str, known: Known, *, open_choice: bool) -> str:
    taken = known.get(name)
    if not open_choice:
        return ""
    if taken is None:
        return t("app.not_known")
    return t("control.left_open", value=readable.choice(name, taken))


def _step(usual: float | None) -> float:
    """One press of + or -: a digit of the usual value."""
    return 1.0 if usual is None or usual >= 1 else 0.01


def _choose(name: str, own: float | None) -> None:
    value = st.session_state[name]
    link.choose({name: None if own is not None and value == own else value})


def _type(name: str) -> None:
    link.choose({name: meant(name, st.session_state[name])})


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

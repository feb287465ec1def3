"""What is asked: everything the user chooses, checked once."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, field_validator
from pydantic_core import PydanticCustomError, core_schema

from engine import catalogue
from engine.catalogue.schema import Pricing
from engine.units import Float

Precision = Literal["fp32", "bf16", "fp16", "fp8"]
ServingPrecision = Literal["fp32", "bf16", "fp16", "fp8", "int8", "int4"]
Ownership = Literal["owned", "cloud"]
Tier = Literal["hot", "cool", "archive"]
"""How often what is kept is read: at any time, about monthly, hardly ever."""
Optimiser = Literal[
    "sgd", "momentum", "adamw", "adamw-16bit", "adamw-8bit", "adamw-4bit", "adam-mini",
    "adafactor", "lion", "muon",
]  # fmt: skip
Tuning = Literal["full", "lora", "qlora"]
"""All weights learn; a low-rank adapter beside frozen ones; the same beside 4-bit ones."""
Recomputation = Literal["none", "selective", "full"]
CachePrecision = Literal["bf16", "fp8"]
ServingEngine = Literal[
    "vllm", "sglang", "tensorrt-llm", "llama.cpp", "exllama", "mlx", "deepspeed", "compiled",
    "eager", "neuron",
]  # fmt: skip
LanguageMetric = Literal["hellaswag-10-shot", "arc-challenge-25-shot", "mmlu-5-shot"]
ServingScaling = Literal["always_on", "autoscaled"]


@dataclass(frozen=True)
class Bounds:
    """Range a number must lie in; holds for one number or for every element of an array."""

    low: float
    high: float
    above_low: bool = False
    """Whether `low` itself is refused."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """How Pydantic checks and writes the number."""
        return core_schema.no_info_plain_validator_function(
            self.checked,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: value.tolist() if isinstance(value, np.ndarray) else value,
                when_used="json",
            ),
        )

    def checked(self, value: object) -> Float:
        """The number as float or float array.

        Raises:
            PydanticCustomError: not a number, not finite, or out of range.
        """
        if isinstance(value, bool):
            raise PydanticCustomError("number", "must be a number, got {value}", {"value": value})
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise PydanticCustomError(
                "number", "must be a number, got {value}", {"value": repr(value)}
            ) from error
        too_low = array <= self.low if self.above_low else array < self.low
        if not np.isfinite(array).all() or too_low.any() or (array > self.high).any():
            raise PydanticCustomError(
                "range",
                "must be {relation} {low} and at most {high}, got {value}",
                {
                    "relation": "above" if self.above_low else "at least",
                    "low": f"{self.low:g}",
                    "high": f"{self.high:g}",
                    "value": str(value),
                },
            )
        return float(array) if array.ndim == 0 else array


class Scenario(BaseModel):
    """One model trained, stored and served on one kind of hardware in one place.

    Every number may also be a numpy array; all arrays must broadcast together.
    `None` means "take what is known": measured first, then published, then assumed.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        use_attribute_docstrings=True,
        arbitrary_types_allowed=True,
    )

    model: str = "llama-3.1-8b"
    """Known model whose shape is taken."""
    parameters_billion: Annotated[Float, Bounds(0, 10_000, above_low=True)] | None = None
    """Parameters, in billions; None is the model's own size. The shape scales with it."""
    dataset_items_billion: Annotated[Float, Bounds(0, 1_000_000, above_low=True)] = 160.0
    """Tokens, images or rows in the training data, in billions."""
    dataset_bytes_per_item: Annotated[Float, Bounds(0, 1e9)] | None = None
    """Bytes one token, image or row takes when stored."""
    epoch_count: Annotated[Float, Bounds(0, 10_000, above_low=True)] = 1.0
    """Passes over the training data."""
    sequence_tokens: Annotated[Float, Bounds(1, 10_000_000)] | None = None
    """Training sequence length; None is the model's own."""
    precision: Precision = "bf16"
    """Precision of training arithmetic."""
    optimiser: Optimiser = "adamw"
    training_run_count: Annotated[Float, Bounds(0, 10_000)] = 1.0
    """Full runs paid for, failed experiments included; 0 when the model is taken as it is."""
    goodput_share: Annotated[Float, Bounds(0, 1, above_low=True)] | None = None
    """Share of the time that makes progress, failures and restarts taken off."""
    mfu: Annotated[Float, Bounds(0, 1, above_low=True)] | None = None
    """Share of peak arithmetic reached in training."""
    tuning: Tuning = "full"
    lora_rank: Annotated[Float, Bounds(1, 65_536)] = 16.0
    development_ratio: Annotated[Float, Bounds(1, 100)] = 1.0
    """Device-hours of development, experiments included, over those of the full runs."""
    global_batch_tokens: Annotated[Float, Bounds(1, 1e12)] | None = None
    """Tokens of one optimiser step; None is what is usual."""
    micro_batch_sequence_count: Annotated[Float, Bounds(1, 100_000)] | None = None
    """Sequences one copy of the model works on at once; None is what is usual."""
    tensor_parallel_count: Annotated[Float, Bounds(1, 1_024)] | None = None
    """Devices that share each layer in training; None is the fewest that hold the model."""
    pipeline_parallel_count: Annotated[Float, Bounds(1, 1_024)] | None = None
    """Groups of devices that the layers are dealt out to in training."""
    context_parallel_count: Annotated[Float, Bounds(1, 1_024)] | None = None
    """Devices that share each sequence in training."""
    expert_parallel_count: Annotated[Float, Bounds(1, 1_024)] | None = None
    """Devices that the experts of a mixture are dealt out to in training."""
    zero_stage: Annotated[Float, Bounds(0, 3)] | None = None
    """What copies of the model share out: 1 optimiser state, 2 also gradients, 3 also weights."""
    recomputation: Recomputation | None = None
    """Activations computed again to save memory; None is as memory needs."""

    language_metric: LanguageMetric = "hellaswag-10-shot"
    """Which score is projected for language models."""
    anchor_score_share: Annotated[Float, Bounds(0, 1)] | None = None
    """That score as you measured it, on the known model as it was published; None takes its own."""

    hardware: str = "h100-sxm"
    """Catalogue accelerator, or `measured:...` for a machine in the database."""
    training_device_count: Annotated[Float, Bounds(1, 1_000_000)] = 64.0
    ownership: Ownership = "owned"
    pricing: Pricing = "on_demand"
    """How rented hardware is paid."""
    usd_per_device_hour: Annotated[Float, Bounds(0, 10_000)] | None = None
    """Rent; None is the median of the known sellers."""
    usd_per_device: Annotated[Float, Bounds(0, 10_000_000)] | None = None
    """Purchase price of one device with its part of the server around it."""
    device_life_years: Annotated[Float, Bounds(0, 20, above_low=True)] | None = None
    discount_share_per_year: Annotated[Float, Bounds(-0.5, 1)] = 0.08
    """Cost of capital, for owned hardware."""
    owned_use_share: Annotated[Float, Bounds(0, 1, above_low=True)] | None = None
    """Share of its hours that owned or reserved training hardware works; idle ones are paid too."""
    residual_share: Annotated[Float, Bounds(0, 1)] = 0.0
    """Share of its price that owned hardware still fetches at the end of its life."""
    maintenance_share_per_year: Annotated[Float, Bounds(0, 1)] | None = None
    """Support and spares of owned hardware, over its price."""
    space_usd_per_kw_month: Annotated[Float, Bounds(0, 10_000)] | None = None
    """Room for owned hardware, by the power it can feed; electricity is not in it."""
    staff_usd_per_device_per_year: Annotated[Float, Bounds(0, 1_000_000)] | None = None
    """Operators of owned hardware."""
    spot_interruptions_per_month: Annotated[Float, Bounds(0, 1_000)] | None = None
    """How often one server of eight devices is taken back when rented at spot prices."""

    place: str = "us:US"
    """Whose electricity is bought."""
    electricity_usd_per_kwh: Annotated[Float, Bounds(0, 10)] | None = None
    carbon_kgco2e_per_kwh: Annotated[Float, Bounds(0, 3)] | None = None
    renewable_share: Annotated[Float, Bounds(0, 1)] = 0.0
    """Share of the electricity bought as carbon-free on top of the grid's own mix."""
    renewable_usd_per_kwh: Annotated[Float, Bounds(0, 10)] | None = None
    """Price of the carbon-free part (a power purchase agreement); None is the common tariff."""
    carbon_usd_per_tonne: Annotated[Float, Bounds(0, 100_000)] | None = None
    """Price put on a tonne of CO2e; None leaves carbon out of the bill."""
    site_water_litres_per_kwh: Annotated[Float, Bounds(0, 100)] | None = None
    """Water evaporated on site per kWh of the computers (WUE)."""
    pue: Annotated[Float, Bounds(1, 5)] | None = None
    """Facility energy over IT energy; 1 is a perfect building."""

    storage_provider: str = "aws"
    """Whose storage and egress prices hold."""
    checkpoint_interval_hours: Annotated[Float, Bounds(0, 10_000, above_low=True)] = 4.0
    checkpoints_kept_count: Annotated[Float, Bounds(0, 100_000)] = 5.0
    replica_count: Annotated[Float, Bounds(1, 100)] = 1.0
    """Copies kept of everything stored, each in a region of its own."""
    raw_data_tier: Tier = "cool"
    """How the raw data is kept once the training data is made from it."""
    checkpoint_tier: Tier = "hot"
    raw_to_prepared_ratio: Annotated[Float, Bounds(0, 10_000)] | None = None
    """Raw over prepared bytes; 0 where the data comes ready."""
    preparation_core_hours_per_tb: Annotated[Float, Bounds(0, 10_000_000)] | None = None
    """Processor time to turn a TB of raw data into training data."""
    evaluation_items_million: Annotated[Float, Bounds(0, 1_000_000)] | None = None
    """Tokens, images or rows of one full evaluation, in millions."""
    evaluation_count: Annotated[Float, Bounds(0, 1_000_000)] = 10.0
    """Full evaluations, of checkpoints on the way included."""

    requests_per_day: Annotated[Float, Bounds(0, 1e13)] = 100_000.0
    input_items_per_request: Annotated[Float, Bounds(0, 1e8, above_low=True)] = 1_000.0
    """Tokens read per request; images or rows for other models."""
    output_items_per_request: Annotated[Float, Bounds(0, 1e8)] = 300.0
    """Tokens written per request; 0 for models that do not generate."""
    serving_precision: ServingPrecision = "bf16"
    serving_batch_count: Annotated[Float, Bounds(1, 100_000)] | None = None
    """Requests worked on together by one replica; None takes what meets the goals below."""
    cache_precision: CachePrecision | None = None
    """Precision of the attention cache; None is what the engine does."""
    serving_engine: ServingEngine = "vllm"
    """Software that serves language models."""
    serving_tensor_parallel_count: Annotated[Float, Bounds(1, 1_024)] | None = None
    """Devices that share each layer; None is the fewest that hold a replica."""
    serving_pipeline_parallel_count: Annotated[Float, Bounds(1, 1_024)] = 1.0
    """Groups of devices that a replica's layers are dealt out to."""
    prefix_cache_hit_share: Annotated[Float, Bounds(0, 1)] = 0.0
    """Share of the input that earlier requests left in the attention cache."""
    reasoning_tokens_per_request: Annotated[Float, Bounds(0, 1e8)] = 0.0
    """Tokens written before the answer and not shown; paid like the answer."""
    ttft_slo_s: Annotated[Float, Bounds(0, 1e6, above_low=True)] | None = None
    """Time to first token that 95 % of requests must keep; None is no goal."""
    tpot_slo_s: Annotated[Float, Bounds(0, 1e6, above_low=True)] | None = None
    """Time per output token that must be kept; None is no goal."""
    latency_slo_s: Annotated[Float, Bounds(0, 1e6, above_low=True)] | None = None
    """Time from question to last token that 95 % of requests must keep; None is no goal."""
    peak_to_mean_ratio: Annotated[Float, Bounds(1, 1_000)] = 2.0
    """Busiest hour over average hour."""
    serving_hours_per_day: Annotated[Float, Bounds(0, 24, above_low=True)] = 24.0
    """Hours of a day in which requests come."""
    serving_scaling: ServingScaling = "always_on"
    """Whether rented replicas are given back, by the hour, when the load falls."""
    api_model: str | None = None
    """Model of a seller whose interface would answer instead, for comparison."""
    horizon_months: Annotated[Float, Bounds(0, 600, above_low=True)] = 36.0
    """How long the model is kept and served."""

    @field_validator("model")
    @classmethod
    def _known_model(cls, value: str) -> str:
        catalogue.model(value)
        return value

    @field_validator("hardware")
    @classmethod
    def _known_hardware(cls, value: str) -> str:
        if not value.startswith("measured:"):
            catalogue.accelerator(value)
        return value

    @field_validator("place")
    @classmethod
    def _known_place(cls, value: str) -> str:
        catalogue.place(value)
        return value

    @field_validator("storage_provider")
    @classmethod
    def _known_provider(cls, value: str) -> str:
        catalogue.storage_provider(value)
        return value

    def replace(self, **changes: object) -> Scenario:
        """This scenario with some choices changed, checked again.

        Raises:
            pydantic.ValidationError: a value is refused.
        """
        return Scenario.model_validate(self.model_dump() | changes)


def bounds(name: str) -> Bounds:
    """Range a Scenario number must lie in, by field name."""
    return _all_bounds(name)[0]


def has_bounds(name: str) -> bool:
    """Whether a field of Scenario is a number."""
    return bool(_all_bounds(name))


def _all_bounds(name: str) -> list[Bounds]:
    field = Scenario.model_fields[name]
    found = [m for m in field.metadata if isinstance(m, Bounds)]
    for option in get_args(field.annotation):
        found += [m for m in get_args(option) if isinstance(m, Bounds)]
    return found


def closest_field(name: str) -> str | None:
    """Field of Scenario spelt most like `name`."""
    return next(iter(difflib.get_close_matches(name, Scenario.model_fields, 1)), None)

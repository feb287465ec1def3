"""What a facts file must hold.

Keys say quantity, density and unit; values are as the source prints them.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from engine.units import BILLION, BYTES_PER_GB, TERA

Positive = Annotated[FiniteFloat, Field(gt=0)]
NotNegative = Annotated[FiniteFloat, Field(ge=0)]

Family = Literal[
    "decoder", "encoder", "encoder-decoder", "cnn", "detector", "recommender", "classifier"
]
Item = Literal["token", "image", "row"]
Precision = Literal["fp32", "tf32", "bf16", "fp16", "fp8", "int8", "fp4"]
Task = Literal[
    "language", "text", "classification", "translation", "image", "detection", "recommendation",
    "vision-language", "speech",
]  # fmt: skip
Technique = Literal[
    "quantisation", "cache-quantisation", "pruning", "pruning-untrained", "structured-pruning",
    "distillation", "pruning-and-distillation",
]  # fmt: skip
"""Pruning is followed by training unless it says otherwise; structured takes out whole parts."""
Pricing = Literal["on_demand", "reserved_1y", "reserved_3y", "spot"]


class Facts(BaseModel):
    """Frozen, refuses unknown keys, checks defaults."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, use_attribute_docstrings=True
    )


class SourceFact(Facts):
    """Where numbers of a file were read."""

    title: str
    url: str = ""
    checked: date
    """Day someone looked."""


class Fact(Facts):
    """One number with its source."""

    value: FiniteFloat
    source: str
    """A key of the file's `sources`."""
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    as_of: date | None = None
    """Day the number held, where it is not timeless."""
    note: str = ""


class Accelerator(Facts):
    """One GPU, TPU, other accelerator or CPU, per device, dense rates."""

    name: str
    vendor: str
    kind: Literal["gpu", "tpu", "asic", "cpu"]
    released: date | None = None
    nvml_names: tuple[str, ...] = ()
    """What the driver (or /proc/cpuinfo) calls it."""
    fp32_dense_tflops: Fact | None = None
    tf32_dense_tflops: Fact | None = None
    bf16_dense_tflops: Fact | None = None
    fp16_dense_tflops: Fact | None = None
    fp8_dense_tflops: Fact | None = None
    int8_dense_tops: Fact | None = None
    fp4_dense_tflops: Fact | None = None
    memory_gb: Fact | None = None
    bandwidth_gb_per_s: Fact | None = None
    interconnect_gb_per_s: Fact | None = None
    """Both directions added."""
    scale_up_device_count: Fact | None = None
    """Devices joined by the fast interconnect."""
    tdp_w: Fact | None = None
    mean_power_w: Fact | None = None
    """Measured mean draw at work, where that is printed instead of design power."""
    price_usd: Fact | None = None
    """Purchase price of one device without its server, list or street."""
    server_price_usd: Fact | None = None
    """Purchase price of a whole server over its devices."""
    note: str = ""
    sources: dict[str, SourceFact]

    def peak_tflops(self, precision: Precision) -> Fact | None:
        """Dense peak at a precision, or None where the device has none printed."""
        unit = "tops" if precision == "int8" else "tflops"
        fact: Fact | None = getattr(self, f"{precision}_dense_{unit}")
        return fact

    def peak_flop_per_s(self, precision: Precision) -> float | None:
        """Dense peak at a precision, FLOP/s."""
        fact = self.peak_tflops(precision)
        return None if fact is None else fact.value * TERA

    @property
    def memory_bytes(self) -> float | None:
        """Device memory, bytes."""
        return None if self.memory_gb is None else self.memory_gb.value * BYTES_PER_GB

    @property
    def bandwidth_bytes_per_s(self) -> float | None:
        """Device memory bandwidth, bytes/s."""
        if self.bandwidth_gb_per_s is None:
            return None
        return self.bandwidth_gb_per_s.value * BYTES_PER_GB


class Score(Facts):
    """One published score of a model."""

    metric: str
    value_share: Annotated[FiniteFloat, Field(ge=0, le=1)]
    protocol: str = ""
    source: str


class Model(Facts):
    """One known model: shape, work per item, published training and scores.

    An item is a token for text models, an image for vision, a row for recommenders.
    """

    name: str
    family: Family
    item: Item
    released: date | None = None
    licence: str = ""
    parameters_billion: Fact
    active_parameters_billion: Fact | None = None
    """Parameters each item passes through; None means all of them."""
    layer_count: int | None = None
    hidden_size: int | None = None
    head_count: int | None = None
    kv_head_count: int | None = None
    head_size: int | None = None
    feed_forward_size: int | None = None
    """Of one expert in a mixture of experts."""
    vocabulary_size: int | None = None
    expert_count: int | None = None
    experts_per_token_count: int | None = None
    kv_bytes_per_token_at_16_bit: Fact | None = None
    """Only where the shape does not give it (e.g. latent attention)."""
    context_tokens: int | None = None
    """Sequence length it was trained at."""
    forward_gflop_per_item: Fact | None = None
    """Multiply-adds counted as two; needed where 2 x active parameters is not the work."""
    counted_as: str | None = None
    """Name under which a network's layers are counted in `image_networks.csv`."""
    embedding_parameters_billion: Fact | None = None
    """Parameters only looked up, never multiplied (recommenders' tables)."""
    trained_items_billion: Fact | None = None
    dataset_bytes_per_item: Fact | None = None
    scores: tuple[Score, ...] = ()
    note: str = ""
    sources: dict[str, SourceFact]

    @property
    def parameter_count(self) -> float:
        """All parameters."""
        return self.parameters_billion.value * BILLION

    @property
    def generates(self) -> bool:
        """Whether it writes token by token."""
        return self.family in ("decoder", "encoder-decoder")

    @property
    def active_share(self) -> float:
        """Active over all parameters."""
        if self.active_parameters_billion is None:
            return 1.0
        return self.active_parameters_billion.value / self.parameters_billion.value


class Place(Facts):
    """Electricity of one country, state or region: price, carbon, renewables, water."""

    id: str
    name: str
    price_usd_per_kwh: Fact | None = None
    carbon_kgco2e_per_kwh: Fact | None = None
    renewable_share: Fact | None = None
    water_litres_per_kwh: Fact | None = None
    """Used off site to make the electricity."""
    sources: dict[str, SourceFact]


class CloudPrice(Facts):
    """One seller's price for one hour of one device."""

    accelerator: str
    provider: str
    region: str
    pricing: Pricing
    usd_per_device_hour: Positive
    as_of: date | None = None
    source: SourceFact
    note: str = ""


class StoragePrice(Facts):
    """One seller's price for keeping or moving bytes."""

    id: str
    kind: Literal["object", "block", "snapshot", "egress", "inter_region", "request", "retrieval"]
    provider: str
    region: str
    service: str
    tier: str
    value: NotNegative
    unit: str
    as_of: date | None = None
    source: SourceFact
    note: str = ""


class Efficiency(Facts):
    """Share of dense 16-bit peak that published training runs reached on one accelerator."""

    accelerator: str
    precision: Literal["16bit", "fp8", "fp4"]
    mixture_of_experts: bool
    mfu: Positive
    """May pass 1 at 8 and 4 bits."""
    mfu_low: Positive
    """Tenth percentile of the rows."""
    mfu_high: Positive
    """Ninetieth percentile of the rows."""
    row_count: int
    source: SourceFact


class Landmark(Facts):
    """A model of its time: how much arithmetic its training took, and what it cost."""

    name: str
    published: date
    domain: str = ""
    parameters_billion: Positive | None = None
    training_flop: Positive
    device: str = ""
    device_hours: Positive | None = None
    amortised_usd: Positive | None = None
    """Hardware capital used up plus energy, in the prices of its time."""
    source: SourceFact


class Guess(Facts):
    """A number for the user to replace: middle, low, high and the reason."""

    value: FiniteFloat
    low: FiniteFloat
    high: FiniteFloat
    reason: str


class ValueTemplate(Facts):
    """What a use is worth: outcomes, what each way they end is worth, and work without a model.

    Costs of errors are positive. Where nothing is to be told apart (a translation is usable or
    not), `positive_share` is 1 and only right and missed positives count.
    """

    title: str
    outcome: str
    """One case decided, in words."""
    outcomes_per_day: Guess
    positive_share: Guess
    usd_per_true_positive: Guess
    usd_per_true_negative: Guess
    usd_per_false_positive: Guess
    usd_per_false_negative: Guess
    recall_share: Guess
    """Of the model in `scenario`, on the task itself."""
    specificity_share: Guess
    baseline_recall_share: Guess
    """Of what is done today."""
    baseline_specificity_share: Guess
    baseline_usd_per_outcome: Guess
    """Work that one outcome takes today."""
    review_share: Guess
    """Outcomes that people look at."""
    review_usd_per_outcome: Guess
    review_catch_share: Guess
    """Errors mended among the outcomes looked at."""
    growth_share_per_year: Guess
    adoption_start_share: Guess
    adoption_full_share: Guess
    adoption_months: Guess
    requests_per_outcome: Guess
    build_usd: Guess
    """People's work before the first outcome, besides the model itself."""
    operate_usd_per_month: Guess
    """People's work while it runs."""
    social_usd_per_right: Guess
    """To others than who pays, per right outcome."""
    scenario: dict[str, str | float]
    """Choices of a Scenario to start from."""


class QualityCurve(Facts):
    """A published score as a function of size and data, with the error it was seen to make."""

    metric: str
    family: Family
    form: str
    constants: dict[str, float]
    error_90_share: Positive | None = None
    """Half width that held 90 % of the points when their family was left out."""
    fit_flop_low: NotNegative | None = None
    fit_flop_high: NotNegative | None = None
    note: str = ""
    source: SourceFact


class Compressed(Facts):
    """One score of one model, before and after it was made smaller."""

    model: str
    task: Task
    parameters_billion: Positive | None = None
    technique: Technique
    method: str
    setting: str = ""
    """Precision after quantisation, as `int4`; empty for other techniques."""
    sparsity_share: Annotated[FiniteFloat, Field(gt=0, lt=1)] | None = None
    """Of the weights, those that were taken out."""
    metric: str
    unit: Literal["points", "percent of before", "perplexity", "word errors per 100"]
    before: Positive
    after: Positive
    size_ratio: Positive | None = None
    """Bytes before over bytes after."""
    speed_ratio: Positive | None = None
    """Speed after over speed before."""
    as_of: date | None = None
    source: SourceFact
    note: str = ""

    @property
    def change_share(self) -> float | None:
        """Score after less score before, from 0 to 1; None where no score was printed."""
        return (self.after - self.before) / 100.0 if self.unit == "points" else None


class Federated(Facts):
    """One accuracy reached by clients that learn together, by how their data was dealt out."""

    data: str
    model: str
    method: str
    partition: str
    client_count: int
    round_count: int
    accuracy_percent: Annotated[FiniteFloat, Field(ge=0, le=100)]
    as_of: date | None = None
    source: SourceFact


class Assumption(Facts):
    """A number nobody prints for us: low, middle, high and the reason."""

    value: FiniteFloat
    low: FiniteFloat
    high: FiniteFloat
    unit: str
    reason: str
    source: SourceFact | None = None


class DataCentreFact(Facts):
    """One published figure about data centres (PUE, node power, reliability, lifetime...)."""

    id: str
    topic: str
    subject: str
    metric: str
    value: FiniteFloat | None = None
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    unit: str
    as_of: str
    source: SourceFact
    note: str = ""

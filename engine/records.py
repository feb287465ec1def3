"""What passes between the parts: facts, machines, measurements, estimates, projections."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Literal, NamedTuple

from engine.units import Float

Kind = Literal["chosen", "measured", "published", "fitted", "assumed", "unknown"]
"""How a number is known, from surest to least sure; `chosen` is the user's own input."""

CERTAINTY: tuple[Kind, ...] = ("chosen", "measured", "published", "fitted", "assumed", "unknown")

Setting = str | int | float | bool


class BadInput(ValueError):
    """The user asked for something that cannot be: what is wrong, what is known, what to do."""


class CannotContinue(RuntimeError):
    """The machine or the network is in the way: what is wrong, what is known, what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number was read, when someone looked, and when the number held."""

    title: str
    url: str = ""
    checked: date | None = None
    as_of: date | None = None
    """Day that the number was current, such as a price's; None where it is timeless or undated."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One computer as seen by software: what a measurement depends on."""

    cpu_name: str
    physical_core_count: int
    logical_core_count: int
    memory_bytes: int
    operating_system: str
    python_version: str
    torch_version: str
    thread_count: int
    gpu_names: tuple[str, ...] = ()
    gpu_memory_bytes: int | None = None
    gpu_power_cap_w: float | None = None
    gpu_driver_version: str | None = None

    @property
    def device_name(self) -> str:
        """What does the arithmetic here: the first GPU, else the CPU."""
        return self.gpu_names[0] if self.gpu_names else self.cpu_name

    @property
    def fingerprint(self) -> str:
        """Ten hex digits that change when anything above does."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:10]

    @property
    def hardware_id(self) -> str:
        """How a Scenario names this machine as its hardware."""
        return f"measured:{self.fingerprint}"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training data: what the learner showed as it trained.

    Where the settings of its measurement name another `metric` than accuracy, the two
    accuracies are that.
    """

    number: int
    train_loss_nats: float
    train_accuracy_share: float
    held_out_loss_nats: float
    held_out_accuracy_share: float
    time_s: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """One workload at one setting on one machine, metered.

    Times, energy, FLOP and bytes are per step; a step is what the workload says it
    is (one matrix product, one optimiser step, one generated token...). Unknown is
    None, never 0.
    """

    machine: Machine
    workload: str
    settings: Mapping[str, Setting]
    method_version: str
    """Changes when the way of measuring changes, so that old and new are not mixed."""
    code_version: str
    taken_at: datetime
    time_s: float
    """Median over the repeats."""
    time_low_s: float
    """Lower quartile over the repeats."""
    time_high_s: float
    """Upper quartile over the repeats."""
    repeat_times_s: tuple[float, ...]
    cpu_time_s: float
    flop: float | None = None
    moved_bytes: float | None = None
    peak_memory_bytes: float | None = None
    energy_j: float | None = None
    energy_kind: Literal["measured", "estimated"] | None = None
    energy_meter: str | None = None
    """Which meter, and what it sees: `nvml: GPU 0`, `rapl: package`, `estimate: ...`."""
    load_average: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    """What came out besides time: accuracy_share, precision_share, f1_share, loss_nats..."""
    epochs: tuple[Epoch, ...] = ()
    repetition_number: int = 1
    """Counts up when the same is deliberately measured again; the newest is what counts."""

    @property
    def key(self) -> str:
        """Same machine, workload, settings, method and repetition: the same measurement."""
        return measurement_key(
            self.machine,
            self.workload,
            self.settings,
            self.method_version,
            self.repetition_number,
        )


def measurement_key(
    machine: Machine,
    workload: str,
    settings: Mapping[str, Setting],
    method_version: str,
    repetition_number: int = 1,
) -> str:
    """Identity of a measurement, known before it is taken."""
    text = json.dumps(
        [machine.fingerprint, workload, dict(settings), method_version, repetition_number],
        sort_keys=True,
    )
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Estimate(NamedTuple):
    """One projected number, how it is known, and what it was worked out from.

    `value` has the unit in the name of the field that holds it; None is unknown.
    A leaf has a source; a derived number has a formula and its inputs. A projection makes
    hundreds: a named tuple is made in a quarter of the time that a frozen dataclass takes.
    """

    value: Float | None
    kind: Kind
    formula: str = ""
    """Name of the function in `engine.projection` that gave it; empty for a leaf."""
    inputs: tuple[tuple[str, Estimate], ...] = ()
    source: Source | None = None
    note: str = ""
    low: Float | None = None
    high: Float | None = None
    """90 % range where one is known."""

    @property
    def known(self) -> bool:
        """Whether there is a number at all."""
        return self.value is not None


@dataclass(frozen=True, slots=True)
class Note:
    """Something the reader must know, as a key into the words and its values."""

    code: str
    values: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bill:
    """Energy, carbon and money of one stage over the horizon."""

    it_energy_kwh: Estimate
    facility_energy_kwh: Estimate
    carbon_kgco2e: Estimate
    """Of the electricity as bought (market-based): carbon-free purchases are taken off."""
    location_carbon_kgco2e: Estimate
    """Of the same electricity at the grid's own mix (location-based)."""
    embodied_kgco2e: Estimate
    """Of making the hardware, for the hours it is kept."""
    water_litres: Estimate
    """On site, and where the electricity is made."""
    hardware_usd: Estimate
    """Rent, or capital recovered over the hours used."""
    interruption_usd: Estimate
    """Rent of what spot interruptions make a run do again."""
    upkeep_usd: Estimate
    """Maintenance, space and staff of owned hardware; 0 where the rent holds them."""
    electricity_usd: Estimate
    """0 where the rent already holds it."""
    storage_usd: Estimate
    network_usd: Estimate
    carbon_usd: Estimate
    """Price put on the carbon of electricity and hardware; 0 where none is."""
    cost_usd: Estimate


@dataclass(frozen=True, slots=True)
class Preparation:
    """Making the training data out of raw data, on rented processors."""

    raw_bytes: Estimate
    core_hours: Estimate
    bill: Bill


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Running the model over its test sets."""

    item_count: Estimate
    """Tokens, images or rows, all evaluations together."""
    flop: Estimate
    device_hours: Estimate
    bill: Bill


@dataclass(frozen=True, slots=True)
class CostMethods:
    """The same training bill by the three ways in use, hardware and energy alone.

    Source: Cottier et al. 2024, "The rising costs of training frontier AI models",
    https://arxiv.org/abs/2405.21015
    """

    cloud_usd: Estimate
    """All device-hours at the rent."""
    purchase_usd: Estimate
    """Buying the whole cluster, its network included."""
    amortised_usd: Estimate
    """What the run uses up of the cluster's worth, and its energy."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How the devices divide the work of one training step."""

    tensor_count: Estimate
    """Devices that share every layer."""
    pipeline_count: Estimate
    """Groups of devices that the layers are dealt out to."""
    context_count: Estimate
    """Devices that share one sequence."""
    expert_parallel_count: Estimate
    data_count: Estimate
    """Copies of the model, each on its own part of the batch."""
    zero_stage: Estimate
    recompute_share: Estimate
    """1 where activations are computed again for the backward pass, else 0."""
    interleave_count: Estimate
    micro_batch_tokens: Estimate
    micro_batch_count: Estimate
    """Micro-batches of one copy in a step."""


@dataclass(frozen=True, slots=True)
class TrainingMemory:
    """Bytes on the fullest device, by part; they add up to the whole."""

    weights_bytes: Estimate
    gradients_bytes: Estimate
    optimiser_bytes: Estimate
    activations_bytes: Estimate
    temporary_bytes: Estimate


@dataclass(frozen=True, slots=True)
class StepTime:
    """Seconds of one training step, by part; they add up to the whole."""

    products_s: Estimate
    attention_s: Estimate
    traffic_s: Estimate
    """Activations and logits through memory."""
    collectives_s: Estimate
    launches_s: Estimate
    bubble_s: Estimate
    optimiser_s: Estimate
    exchange_s: Estimate
    """Gradients, and weights where they are shared out."""
    waiting_s: Estimate


@dataclass(frozen=True, slots=True)
class Training:
    """What training takes, all runs together."""

    parameter_count: Estimate
    item_count: Estimate
    """Tokens, images or rows trained on, repeats included."""
    flop: Estimate
    mfu: Estimate
    time_h: Estimate
    """Wall-clock time of one run."""
    device_hours: Estimate
    memory_bytes_per_device: Estimate
    memory_fit_share: Estimate
    """Needed over available memory of one device; above 1 does not fit."""
    trained_parameter_count: Estimate
    """Those that learn: all, or an adapter's."""
    goodput_share: Estimate
    """Share of the time that makes progress, failures, restarts and checkpoints taken off."""
    interruption_count: Estimate
    """Unasked stops of one run."""
    checkpoint_interval_h: Estimate
    """Between checkpoints to restart from."""
    experiment_device_hours: Estimate
    """Of `device_hours`, those of development beyond the full runs."""
    plan: TrainingPlan | None
    """None for what has no known layers."""
    memory_parts: TrainingMemory | None
    step_time: StepTime | None
    """None where the speed was chosen, measured or taken from another source."""
    methods: CostMethods
    bill: Bill


@dataclass(frozen=True, slots=True)
class Storage:
    """What is kept, and for how long."""

    raw_bytes: Estimate
    dataset_bytes: Estimate
    checkpoint_bytes: Estimate
    artefact_bytes: Estimate
    kept_bytes: Estimate
    cost_usd_per_month: Estimate
    bill: Bill


@dataclass(frozen=True, slots=True)
class ServingMemory:
    """Bytes of one replica, by part; the first three add up to the whole."""

    weight_bytes: Estimate
    cache_bytes: Estimate
    """Attention cache of a full batch at full length."""
    temporary_bytes: Estimate
    """Activations, buffers, the software itself."""
    replica_bytes: Estimate
    cache_bytes_per_token: Estimate


@dataclass(frozen=True, slots=True)
class ServingCost:
    """The serving bill seen otherwise: by input and output, and per use."""

    usd_per_million_input_items: Estimate
    """Items read, by the devices' time they take; idle hours are in it."""
    usd_per_million_output_items: Estimate
    in_use_usd: Estimate
    """Of the hours worked alone, as where other loads fill the idle ones."""
    in_use_usd_per_million_items: Estimate
    in_use_usd_per_thousand_requests: Estimate


@dataclass(frozen=True, slots=True)
class Deployment:
    """What serving the load takes."""

    devices_per_replica: Estimate
    batch_count: Estimate
    """Requests that a replica works on together."""
    batch_limit_count: Estimate
    """Most that its memory holds."""
    requests_per_s_per_replica: Estimate
    peak_requests_per_s: Estimate
    replica_count: Estimate
    device_count: Estimate
    paid_device_hours: Estimate
    utilisation_share: Estimate
    """Of the places in a batch, in the busiest hour."""
    busy_share: Estimate
    """Of the hours paid."""
    latency_s: Estimate
    """One request alone on a replica, start to end."""
    latency_p95_s: Estimate
    """Among a full batch, with the wait for a place that 95 % of requests keep."""
    ttft_s: Estimate
    """Time to first token, among a full batch."""
    ttft_p95_s: Estimate
    tpot_s: Estimate
    """Time per output token, among a full batch."""
    items_per_s_per_device: Estimate
    """Tokens written; images or rows for models that write none. Batches always full."""
    memory_parts: ServingMemory
    network_bytes: Estimate
    cost_usd_per_thousand_requests: Estimate
    cost_usd_per_million_items: Estimate
    split: ServingCost
    api_usd: Estimate
    """The same load at a seller of answers; unknown where none is chosen."""
    bill: Bill


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the model is expected to be."""

    metric: str
    """Catalogue name of the score, e.g. `hellaswag-10-shot`; empty when none can be given."""
    score_share: Estimate
    loss_nats: Estimate


@dataclass(frozen=True, slots=True)
class Total:
    """All stages together, over the horizon."""

    facility_energy_kwh: Estimate
    carbon_kgco2e: Estimate
    embodied_kgco2e: Estimate
    water_litres: Estimate
    cost_usd: Estimate
    cost_usd_per_month: Estimate


@dataclass(frozen=True, slots=True)
class Projection:
    """The one answer to one Scenario."""

    preparation: Preparation
    training: Training
    evaluation: Evaluation
    storage: Storage
    deployment: Deployment
    quality: Quality
    total: Total
    notes: tuple[Note, ...] = ()

"""What `project` says, how it knows it, and what it refuses to say."""

from collections.abc import Iterator

import numpy as np
import pytest

from engine import catalogue
from engine.projection import explain, money_hardware, project, with_ranges
from engine.projection.cost import total_facility_energy_kwh
from engine.projection.working import chosen, derive, estimates, leaves, plain, unknown
from engine.records import BadInput, Estimate
from engine.scenario import Scenario

ONE_OF_EACH_FAMILY = (
    "llama-3.1-8b", "mixtral-8x7b", "deepseek-v3", "bert-base", "t5-base", "resnet-50",
    "vit-b-16", "yolo11n", "dlrm-small", "text-classifier-news",
)  # fmt: skip


def codes(scenario: Scenario) -> list[str]:
    return [note.code for note in project(scenario).notes]


def every_source(told: dict[str, object]) -> Iterator[dict[str, object]]:
    parts = told.get("inputs", [])
    assert isinstance(parts, list)
    if not parts:
        yield told
    for part in parts:
        yield from every_source(part)


NOT_OF_EVERY_MODEL = {
    f"deployment.{path}"
    for path in (
        *("ttft_s", "ttft_p95_s", "tpot_s", "split.usd_per_million_output_items"),
        *("memory_parts.cache_bytes_per_token", "memory_parts.temporary_bytes"),
        *("memory_parts.replica_bytes", "batch_limit_count", "api_usd"),
    )
}
"""Of writers alone, of what was measured of serving, and of sellers asked for by name."""


@pytest.mark.parametrize("model", ["llama-3.1-8b", "mixtral-8x7b", "deepseek-v3"])
def test_a_language_model_leaves_nothing_unknown_but_the_api_not_asked_for(model: str) -> None:
    unknown = [path for path, e in estimates(project(Scenario(model=model))) if not e.known]
    assert unknown == ["deployment.api_usd"]


@pytest.mark.parametrize("model", ONE_OF_EACH_FAMILY)
def test_every_family_has_a_bill(model: str) -> None:
    projection = project(Scenario(model=model, input_items_per_request=100))
    for path, estimate in estimates(projection):
        if not (path.startswith("quality") or path in NOT_OF_EVERY_MODEL):
            assert estimate.known, path
    stages = (
        projection.preparation,
        projection.training,
        projection.evaluation,
        projection.storage,
        projection.deployment,
    )
    assert projection.total.cost_usd.value == pytest.approx(
        sum(stage.bill.cost_usd.value for stage in stages)
    )


@pytest.mark.parametrize("model", ONE_OF_EACH_FAMILY)
def test_every_number_rests_on_choices_sources_and_reasons(model: str) -> None:
    for path, estimate in estimates(project(Scenario(model=model))):
        for name, leaf in leaves(estimate):
            told = leaf.kind == "chosen" or leaf.source is not None or leaf.note
            assert told, f"{path} rests on {name}, of unknown origin"


def test_a_chosen_share_of_peak_is_used_as_it_is() -> None:
    projection = project(Scenario(mfu=0.37))
    assert projection.training.mfu == Estimate(0.37, "chosen")


def test_the_share_of_peak_of_a_transformer_is_fitted_to_published_runs() -> None:
    # Llama 3 8B on 8 to 128 H100 is published at 0.45 to 0.55 of peak.
    mfu = project(Scenario(hardware="h100-sxm", training_device_count=16)).training.mfu
    assert mfu.kind == "fitted"
    assert mfu.low < 0.45 < mfu.value < 0.55 < mfu.high


def test_the_share_of_peak_of_what_nobody_counted_is_assumed() -> None:
    assert project(Scenario(model="yolo11n", hardware="l4")).training.mfu.kind == "assumed"


def test_llama_3_1_405b_takes_the_published_device_hours() -> None:
    # Model card: 30.84 million H100 hours; paper, table 4: 41 % of peak on 16,384; over 90 %
    # effective training time; 15.6 trillion tokens of 8,192.
    scenario = Scenario(
        model="llama-3.1-405b",
        dataset_items_billion=15_600,
        training_device_count=16_384,
        sequence_tokens=8_192,
        mfu=0.41,
        goodput_share=0.9,
    )
    assert project(scenario).training.device_hours.value == pytest.approx(30.84e6, rel=0.05)


def test_unknown_rent_is_unknown_and_says_what_to_set() -> None:
    scenario = Scenario(hardware="rtx-3090", ownership="cloud", pricing="reserved_3y")
    projection = project(scenario)
    assert projection.training.bill.cost_usd.value is None
    assert projection.training.bill.hardware_usd.kind == "unknown"
    assert projection.total.cost_usd.value is None
    assert projection.total.cost_usd_per_month.value is None
    assert projection.total.facility_energy_kwh.known
    note = next(n for n in projection.notes if n.code == "price-unknown")
    assert note.values["set"] == "usd_per_device_hour"
    assert project(scenario.replace(usd_per_device_hour=1.0)).total.cost_usd.known


def test_owned_without_a_purchase_price_is_unknown() -> None:
    unpriced = next(
        a
        for a in catalogue.accelerators()
        if catalogue.accelerator(a).tdp_w and not catalogue.accelerator(a).price_usd
    )
    scenario = Scenario(hardware=unpriced, ownership="owned", precision="fp16")
    projection = project(scenario)
    assert projection.total.cost_usd.value is None
    assert "usd_per_device" in [n.values.get("set") for n in projection.notes]
    assert project(scenario.replace(usd_per_device=5_000)).total.cost_usd.known


def test_hardware_of_unknown_power_has_unknown_energy() -> None:
    projection = project(Scenario(hardware="tpu-v5p", ownership="cloud"))
    assert projection.training.bill.facility_energy_kwh.value is None
    assert projection.total.carbon_kgco2e.value is None
    assert "power-unknown" in [n.code for n in projection.notes]


def test_power_seen_at_work_is_taken_where_no_design_power_is_printed() -> None:
    projection = with_ranges(project(Scenario(hardware="tpu-v4", training_device_count=256)))
    drawn = projection.training.bill.it_energy_kwh
    # Google saw 170 W a chip on average, and the server draws 0.82 of it besides.
    kw = 0.170 * 1.82
    assert drawn.value == pytest.approx(projection.training.device_hours.value * kw)
    assert drawn.low < drawn.value < drawn.high
    assert projection.deployment.bill.it_energy_kwh.known
    assert "power-unknown" not in [n.code for n in projection.notes]


def test_rent_is_the_median_of_sellers_and_shows_their_spread() -> None:
    training = project(Scenario(ownership="cloud")).training
    (_, hours), (_, rent) = training.bill.hardware_usd.inputs
    assert training.bill.hardware_usd.value == pytest.approx(hours.value * rent.value)
    assert rent.kind == "published"
    assert rent.low < rent.value < rent.high
    assert all(seller.source is not None for _, seller in rent.inputs)
    assert len(rent.inputs) > 3


def test_electricity_is_inside_the_rent_but_not_in_the_price_of_ones_own() -> None:
    rented, owned = project(Scenario(ownership="cloud")), project(Scenario(ownership="owned"))
    assert rented.training.bill.electricity_usd.value == 0
    assert "rent" in rented.training.bill.electricity_usd.note
    assert owned.training.bill.electricity_usd.value > 0
    dearer = Scenario(ownership="cloud", electricity_usd_per_kwh=1.0)
    assert project(dearer).total.cost_usd.value == rented.total.cost_usd.value


def test_a_purchase_price_typed_is_of_the_device_with_its_part_of_the_server() -> None:
    # 10,000 x 0.2 a year without interest over five years, a tenth of its hours used.
    scenario = Scenario(
        usd_per_device=10_000, discount_share_per_year=0, device_life_years=5, owned_use_share=0.1
    )
    bill = project(scenario).training.bill
    hours = project(scenario).training.device_hours.value
    assert bill.hardware_usd.value == pytest.approx(hours / 0.1 * 10_000 * 0.2 / 8_766)


def test_a_model_taken_as_it_is_costs_no_training_and_keeps_no_data() -> None:
    projection = project(Scenario(training_run_count=0))
    assert projection.training.bill.cost_usd.value == 0
    assert projection.training.flop.value == 0
    assert projection.storage.dataset_bytes.value == 0
    assert projection.storage.checkpoint_bytes.value == 0
    assert projection.storage.kept_bytes.value == pytest.approx(8.03e9 * 2)
    assert projection.quality.score_share.kind == "published"


def test_without_requests_serving_costs_nothing_and_has_no_price_per_request() -> None:
    deployment = project(Scenario(requests_per_day=0)).deployment
    assert deployment.device_count.value == 0
    assert deployment.bill.cost_usd.value == 0
    assert deployment.cost_usd_per_thousand_requests.value is None


def test_a_model_too_large_for_its_devices_is_said_to_be() -> None:
    large = Scenario(model="llama-3.1-405b", training_device_count=8)
    assert project(large).training.memory_fit_share.value > 1
    assert "does-not-fit" in codes(large)
    assert "does-not-fit" not in codes(large.replace(training_device_count=16_384))


def test_precision_the_hardware_lacks_is_said() -> None:
    assert "precision-not-native" in codes(Scenario(hardware="a100-sxm-80gb", precision="fp8"))
    assert "precision-not-native" not in codes(Scenario(hardware="h100-sxm", precision="fp8"))


def test_eight_bits_train_faster_than_sixteen_but_not_twice() -> None:
    sixteen, eight = (project(Scenario(precision=p)).training.time_h.value for p in ("bf16", "fp8"))
    assert 1.2 < sixteen / eight < 1.6


def test_a_place_without_carbon_data_is_unknown_not_clean() -> None:
    unsaid = next(p for p in catalogue.places() if catalogue.place(p).carbon_kgco2e_per_kwh is None)
    projection = project(Scenario(place=unsaid))
    assert projection.total.carbon_kgco2e.value is None
    assert "carbon-unknown" in [n.code for n in projection.notes]


def test_language_models_score_with_a_range() -> None:
    score = project(Scenario()).quality.score_share
    assert score.low < score.value - 0.03
    assert score.value + 0.03 < score.high


def test_a_known_score_moves_the_curve_and_narrows_the_range() -> None:
    near = Scenario(parameters_billion=30.0, dataset_items_billion=15_000.0)
    by_own = project(near).quality.score_share
    lower = project(near.replace(anchor_score_share=0.75)).quality.score_share
    far = project(near.replace(dataset_items_billion=20.0)).quality.score_share
    assert lower.value < by_own.value - 0.02
    assert by_own.high - by_own.low < far.high - far.low


def test_every_language_metric_is_anchored_at_the_known_model() -> None:
    for metric in ("hellaswag-10-shot", "mmlu-5-shot"):
        own = Scenario(language_metric=metric, training_run_count=0.0)
        again = own.replace(training_run_count=1.0, dataset_items_billion=15_000.0)
        published, moved = (project(s).quality.score_share for s in (own, again))
        assert published.kind == "published"
        assert moved.value == pytest.approx(published.value, abs=0.02)


def test_an_adapter_leaves_the_score_of_its_model_and_says_so() -> None:
    taken = project(Scenario(model="mistral-7b", training_run_count=0.0))
    tuned = project(Scenario(model="mistral-7b", tuning="lora", dataset_items_billion=0.1))
    anew = project(Scenario(model="mistral-7b", dataset_items_billion=0.1))
    assert tuned.quality.score_share == taken.quality.score_share
    assert tuned.quality.score_share.kind == "published"
    assert anew.quality.score_share.value < 0.4
    assert "score-before-tuning" in [n.code for n in tuned.notes]
    assert "score-before-tuning" not in [n.code for n in (*taken.notes, *anew.notes)]


def test_an_adapter_at_another_size_is_scored_by_what_its_model_had_learned_from() -> None:
    tuned = Scenario(model="llama-2-7b", tuning="lora", dataset_items_billion=0.1)
    smaller = project(tuned.replace(parameters_billion=1.0)).quality.score_share
    assert 0.5 < smaller.value < project(tuned).quality.score_share.value
    unsaid = tuned.replace(model="mistral-7b", parameters_billion=1.0)
    assert project(unsaid).quality.score_share.value is None


def test_much_too_little_text_for_the_size_is_told() -> None:
    def told(**changes: object) -> list[object]:
        answer = project(Scenario(**changes))
        return [n.values["ratio"] for n in answer.notes if n.code == "little-data"]

    assert told(parameters_billion=1_850.0) == [pytest.approx(160 / 1_850)]
    assert told(parameters_billion=70.0) == []
    assert told(parameters_billion=1_850.0, tuning="lora") == []
    assert told(parameters_billion=1_850.0, training_run_count=0.0) == []


def test_what_size_does_not_predict_is_refused() -> None:
    projection = project(Scenario(model="dlrm-small", parameters_billion=8.0))
    assert projection.quality.score_share.value is None
    assert projection.quality.metric == ""
    assert "quality-unpredictable" in [n.code for n in projection.notes]


@pytest.mark.parametrize(
    ("model", "metric", "score_share"),
    [
        ("dlrm-small", "criteo-terabyte-auc", 0.802537),
        ("transformer-base", "bleu-wmt14-en-de", 0.273),
    ],
)
def test_a_known_model_without_a_curve_keeps_its_own_score(
    model: str, metric: str, score_share: float
) -> None:
    found = project(Scenario(model=model, training_run_count=0.0)).quality
    assert (found.metric, found.score_share.value) == (metric, score_share)
    assert found.score_share.kind == "published"


def test_far_outside_the_fitted_compute_no_score_is_given() -> None:
    tiny = Scenario(parameters_billion=1e-4, dataset_items_billion=1e-3)
    assert project(tiny).quality.score_share.value is None
    assert "outside-measured" in codes(tiny)


def test_a_known_vision_model_has_its_published_score_and_grows_from_there() -> None:
    own = project(Scenario(model="resnet-50")).quality
    assert (own.metric, own.score_share.value) == ("imagenet-top1", 0.7613)
    assert own.score_share.kind == "published"
    near = project(Scenario(model="resnet-50", parameters_billion=0.025558)).quality.score_share
    assert near.value == pytest.approx(0.7613, abs=1e-4)
    larger = project(Scenario(model="resnet-50", parameters_billion=0.1)).quality.score_share
    assert 0.78 < larger.value < 0.81


def test_a_machine_nobody_measured_is_refused() -> None:
    with pytest.raises(BadInput, match="No measurements of 'measured:0123456789'"):
        project(Scenario(hardware="measured:0123456789"))


def test_arrays_in_give_arrays_out() -> None:
    scenario = Scenario(
        parameters_billion=np.array([[1.0], [8.0]]),
        electricity_usd_per_kwh=np.array([0.05, 0.1, 0.2]),
    )
    projection = project(scenario)
    assert projection.total.cost_usd.value.shape == (2, 3)
    assert projection.training.time_h.value.shape == (2, 1)
    assert projection.quality.score_share.value.shape == (2, 1)


def test_how_a_number_was_worked_out_ends_in_sources() -> None:
    told = explain(project(Scenario()), "training.bill.electricity_usd")
    assert told["formula"] == "cost.electricity_usd"
    assert "electricity" in str(told["meaning"])
    ends = list(every_source(told))
    assert {"tdp_w", "usd_per_kwh", "products_s"} <= {e["name"] for e in ends}
    price = next(e for e in ends if e["name"] == "usd_per_kwh")
    assert price["kind"] == "published"
    assert price["source"]["title"]
    assert all("source" in e or e["kind"] == "chosen" for e in ends)


def test_a_bill_is_explained_without_being_named() -> None:
    projection = project(Scenario())
    told = explain(projection, "training.cost_usd")
    assert told == explain(projection, "training.bill.cost_usd")
    assert explain(projection, "total.cost_usd")["name"] == "total.cost_usd"


def test_every_number_can_be_explained() -> None:
    projection = project(Scenario())
    for path, estimate in estimates(projection):
        assert explain(projection, path)["kind"] == estimate.kind


def test_a_number_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"Close: .*total\.cost_usd"):
        explain(project(Scenario()), "total.cost_us")


def test_a_chain_is_as_sure_as_its_weakest_link() -> None:
    parts = {"training_kwh": chosen(1.0), "storage_kwh": Estimate(2.0, "assumed")}
    known = derive(total_facility_energy_kwh, **parts, deployment_kwh=Estimate(3.0, "measured"))
    assert (known.value, known.kind) == (6.0, "assumed")
    missing = derive(total_facility_energy_kwh, **parts, deployment_kwh=unknown("no meter"))
    assert (missing.value, missing.kind) == (None, "unknown")


def test_what_is_not_a_number_becomes_null() -> None:
    assert plain(np.array([1.0, np.nan])) == [1.0, None]
    assert plain(None) is None


def test_committing_oneself_is_priced_by_what_the_same_sellers_take_off() -> None:
    priced = {
        (name, pricing): money_hardware.published_rent(name, pricing)
        for name in catalogue.accelerators()
        for pricing in ("on_demand", "reserved_1y", "reserved_3y", "spot")
    }
    for (name, pricing), rent in priced.items():
        on_demand = priced[name, "on_demand"]
        if rent.known and on_demand.known:
            assert rent.value <= on_demand.value, f"{name} {pricing}"
    # Google Cloud lets an H100 for 69 % of its price on demand for a year, Azure for 64 %.
    ratio = dict(priced["h100-sxm", "reserved_1y"].inputs)["price_ratio"]
    assert ratio.value == pytest.approx((7.67 / 11.06 + 7.87 / 12.29) / 2, rel=0.01)


def test_one_seller_alone_is_not_taken_for_the_price_of_all() -> None:
    alone = money_hardware.published_rent("mi300x", "on_demand")
    assert len(alone.inputs) == 1
    assert alone.low < alone.value < alone.high


def test_networks_draw_energy_that_is_in_the_price_of_their_traffic() -> None:
    asked = Scenario(ownership="owned", pue=1.5, electricity_usd_per_kwh=0.1)
    served = project(asked).deployment
    # One Wh a GB, beside the devices; somebody else's electricity, so not on this bill.
    carried = served.network_bytes.value / 1e9 * 0.001
    own = served.bill.electricity_usd.value / 0.1 / 1.5
    assert carried > 0
    assert served.bill.it_energy_kwh.value == pytest.approx(own + carried)
    assert served.bill.facility_energy_kwh.value == pytest.approx((own + carried) * 1.5)
    alone, copied = (project(asked.replace(replica_count=n)).storage for n in (1, 3))
    disks = 3 * alone.bill.it_energy_kwh.value
    sent = alone.kept_bytes.value * 2 / 1e9 * 0.001
    assert copied.bill.it_energy_kwh.value == pytest.approx(disks + sent)


def test_serving_at_a_precision_the_hardware_lacks_is_told() -> None:
    def missing(**asked: str) -> list[object]:
        notes = project(Scenario(hardware="a100-sxm-80gb", **asked)).notes
        return [n.values["precision"] for n in notes if n.code == "precision-not-native"]

    assert missing(serving_precision="fp8") == ["fp8"]
    assert missing(serving_precision="fp8", precision="fp8") == ["fp8"]
    assert missing(serving_precision="int4") == []
    assert missing() == []


def test_an_old_tariff_is_told_where_it_is_paid() -> None:
    def old(**asked: object) -> bool:
        return "electricity-price-old" in codes(Scenario(place="us:CA", **asked))

    assert old()
    assert not old(electricity_usd_per_kwh=0.1)
    assert not old(ownership="cloud")


def test_a_processor_serves_from_the_memory_beside_it() -> None:
    asked = Scenario(
        model="llama-3.1-8b", hardware="xeon-6980p", serving_precision="int4",
        serving_engine="llama.cpp", serving_batch_count=1, requests_per_day=100,
    )  # fmt: skip
    served = project(asked).deployment
    assert served.devices_per_replica.value == 1
    # 4.3 GB of weights at 844 GB/s take 5 ms a token at least.
    assert 0.005 < served.tpot_s.value < 0.02
    assert project(asked).training.mfu.kind == "assumed"

"""Inference on images, texts and for pictures: how rows are read, and what a batch takes."""

from dataclasses import replace

import pytest

from engine.projection.serving_items import (
    ItemEfficiencies,
    ItemServing,
    compute_time_s,
    items_served,
)
from engine.projection.serving_setting import running_style
from engine.projection.throughput_parts import MOST_OF_PEAK
from engine.validation.rows import Row
from engine.validation.vision_rows import ItemReading, read

BERT: Row = {
    "source_key": "s",
    "domain": "nlp-encoder",
    "model": "bert-base-uncased",
    "seq_len": "128",
    "precision": "FP32",
    "hardware": "AWS Inf2.48xlarge",
    "n_devices": "1",
    "engine": "PyTorch 2.5 Neuron 2.22.0",
    "batch_size": "1",
}
RESNET: Row = {
    **BERT,
    "domain": "image-classification",
    "model": "resnet50v1.5",
    "precision": "AMP",
    "hardware": "NVIDIA A100 40GB",
    "engine": "PyTorch",
}
PICTURES: Row = {**RESNET, "domain": "vision", "model": "Stable Diffusion 1.5"}
SETTING = ItemServing(
    flop_per_item=8e9,
    parameter_count=25e6,
    activations_per_item=11e6,
    bytes_per_value=2.0,
    peak_flop_per_s=300e12,
    bandwidth_bytes_per_s=2e12,
    batch_count=1.0,
    device_count=1.0,
    step_count=1.0,
    layer_count=1.0,
    operation_count=200.0,
    shares_one_item=0.0,
    tdp_w=400.0,
)
ROUND = ItemEfficiencies(
    item_compute_share=0.5,
    density_exponent=0.2,
    peak_exponent=0.1,
    traffic_per_activation=4.0,
    item_overlap_excess=0.5,
    batch_overhead_s=0.0,
    launch_s=3e-5,
    pass_overhead_s=1e-4,
    sharing_overhead_s=1e-4,
    splitting_loss=0.1,
)


def reading(row: Row) -> ItemReading:
    found = read(row)
    assert isinstance(found, ItemReading)
    return found


def test_a_pipeline_takes_its_own_steps_unless_a_benchmark_says_otherwise() -> None:
    assert reading(PICTURES).values["step_count"] == 50
    assert reading({**PICTURES, "source_key": "mlperf_v5.1"}).values["step_count"] == 20
    assert reading({**PICTURES, "steps": "8"}).values["step_count"] == 8
    assert reading({**PICTURES, "model": "PixArt Alpha"}).values["step_count"] == 20


def test_32_bits_are_multiplied_at_the_printed_rate() -> None:
    # NVIDIA A100 data sheet: 19.5 TFLOP/s outside the matrix units.
    wide = reading({**RESNET, "precision": "FP32"}).values["peak_flop_per_s"]
    assert wide == pytest.approx(19.5e12, rel=0.01)


def test_the_two_cores_of_one_chip_serve_a_model_however_large_the_instance() -> None:
    assert reading(BERT).values["device_count"] == 2
    core, chip = reading(BERT), reading({**PICTURES, "hardware": BERT["hardware"]})
    assert chip.values["device_count"] == 1
    assert chip.values["bandwidth_bytes_per_s"] == 2 * core.values["bandwidth_bytes_per_s"]


def test_latency_tables_of_images_are_of_one_core() -> None:
    title = "AWS Neuron SDK benchmarks inf2/latency_data_vision_cnn.csv"
    one, both = (
        reading({**RESNET, "hardware": "AWS Inf2.xlarge", "source_title": title}),
        reading({**RESNET, "hardware": "AWS Inf2.xlarge"}),
    )
    assert (one.values["device_count"], both.values["device_count"]) == (1.0, 2.0)
    assert one.values["peak_flop_per_s"] == both.values["peak_flop_per_s"]


def test_only_nvidia_s_own_examples_keep_channels_last_unasked() -> None:
    own = {**RESNET, "source_title": "NVIDIA DeepLearningExamples PyTorch/README.md"}
    assert reading(own).traits["engine"] == "channels-last"
    assert reading({**own, "precision": "FP32"}).traits["engine"] == "eager"
    assert reading(RESNET).traits["engine"] == "eager"


def test_a_deeper_encoder_launches_more() -> None:
    base, large = reading(BERT), reading({**BERT, "model": "bert-large-uncased"})
    assert large.values["operation_count"] == 2 * base.values["operation_count"]


def test_small_batches_take_as_long_as_their_launches() -> None:
    one, four = (items_served(replace(SETTING, batch_count=b), ROUND) for b in (1.0, 4.0))
    assert one.batch_time_s == pytest.approx(200 * 3e-5, rel=1e-3)
    assert four.batch_time_s == pytest.approx(one.batch_time_s, rel=1e-3)


def test_large_batches_hide_their_launches() -> None:
    large = replace(SETTING, batch_count=1024.0)
    free = items_served(replace(large, operation_count=0.0), ROUND)
    assert items_served(large, ROUND).batch_time_s == pytest.approx(free.batch_time_s, rel=1e-2)


def test_no_share_of_the_peak_is_above_the_most_any_product_reaches() -> None:
    boundless = replace(ROUND, item_compute_share=30.0)
    flop_per_s = SETTING.flop_per_item / compute_time_s(SETTING, boundless)
    assert flop_per_s == pytest.approx(MOST_OF_PEAK * SETTING.peak_flop_per_s, rel=1e-3)


def test_twice_the_peak_is_less_than_twice_as_fast() -> None:
    twice = replace(SETTING, peak_flop_per_s=2.0 * SETTING.peak_flop_per_s)
    far_from_it = replace(ROUND, item_compute_share=0.1)
    faster = compute_time_s(SETTING, far_from_it) / compute_time_s(twice, far_from_it)
    assert faster == pytest.approx(2.0 ** (1.0 - ROUND.peak_exponent), rel=1e-3)


@pytest.mark.parametrize(
    ("engine", "style"),
    [("PyTorch", "stepwise"), ("TensorFlow", "stepwise"), ("TensorRT 10.8", "whole")],
)
def test_an_engine_shares_what_others_of_its_style_taught(engine: str, style: str) -> None:
    assert reading({**RESNET, "engine": engine}).traits["style"] == style


def test_an_engine_never_seen_is_of_the_style_of_whole_programs() -> None:
    assert running_style("never seen") == running_style("tensorrt")


@pytest.mark.parametrize(
    ("engine", "fused"),
    [
        ("PyTorch pt113 nchw eager cu117", False),
        ("PyTorch pt210 nchw eager cu121", True),
        ("PyTorch 2.5 Neuron 2.22.0", True),
        ("TensorRT 8.6", True),
        ("TensorFlow", False),
        ("PyTorch 1.12", False),
    ],
)
def test_new_software_does_not_write_products_of_pairs_down(engine: str, fused: bool) -> None:
    said = {**BERT, "hardware": "NVIDIA A100 40GB", "engine": engine}
    pairs = 12 * 128 * (12 * 128 + 768)
    full = 12 * 128 * (9 * 768 + 12 * 128)
    assert reading(said).values["activations_per_item"] == full - (pairs if fused else 0)


def test_a_network_without_attention_writes_the_same_on_any_software() -> None:
    new = {**RESNET, "engine": "PyTorch 2.5"}
    assert reading(new).values["activations_per_item"] == pytest.approx(
        reading(RESNET).values["activations_per_item"]
    )
    vit = {**RESNET, "model": "vit_base_patch16_224"}
    old, now = (reading({**vit, "engine": e}).values["activations_per_item"] for e in ("", "pt240"))
    assert now == pytest.approx(old * (1 - 7.404 / 23.9))

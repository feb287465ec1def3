"""Training networks on images: what must hold of the formula, and how rows are read."""

from dataclasses import replace

import numpy as np
import pytest

from engine import catalogue
from engine.projection import project
from engine.projection.image_speed import networks
from engine.projection.image_step import ImageEfficiencies, ImageStep, images_per_s
from engine.scenario import Scenario
from engine.validation import image_training
from engine.validation.image_names import counted_network, network_family
from engine.validation.image_training_rows import ImageReading, read
from engine.validation.rows import TRAINING_ANSWERS, Row

RESNET = ImageStep(
    dense_flop=8.2e9,
    linear_flop=4e6,
    grouped_flop=0.0,
    depthwise_flop=0.0,
    attention_flop=0.0,
    product_output_count=11.1e6,
    convolution_output_count=11.1e6,
    depthwise_output_count=0.0,
    output_count=31e6,
    operation_count=170.0,
    parameter_count=25.6e6,
    bytes_per_value=2.0,
    peak_flop_per_s=312e12,
    bandwidth_bytes_per_s=2.0e12,
    batch_count=128.0,
    device_count=1.0,
    is_channels_last=1.0,
    is_turned=0.0,
)
ROUND = ImageEfficiencies(
    dense_share=0.6,
    channels_last_ratio=1.2,
    density_exponent=0.2,
    grouped_share=0.3,
    grouped_last_ratio=0.3,
    attention_share=0.2,
    traffic_per_product_output=2.5,
    traffic_of_turning_ratio=1.5,
    traffic_per_depthwise_output=20.0,
    traffic_per_depthwise_product=0.5,
    traffic_per_output=8.0,
    overlap_excess=0.5,
    launch_s=1e-5,
    optimiser_bytes_per_parameter=25.0,
    waiting_per_doubling=0.02,
)
ROW: Row = {
    "id": "a",
    "source_id": "s",
    "domain": "vision",
    "model": "resnet50",
    "hw_norm": "A100-80GB",
    "n_devices": "8",
    "micro_batch": "256",
    "precision": "AMP nhwc",
    "framework": "timm PyTorch",
}


def test_only_traffic_is_left_where_arithmetic_is_free() -> None:
    free = replace(
        RESNET, peak_flop_per_s=1e30, parameter_count=0.0, operation_count=0.0, batch_count=1.0
    )
    moved_bytes = (11.1e6 * 2.5 + 31e6 * 8.0) * 2.0
    assert images_per_s(free, ROUND) == pytest.approx(2.0e12 / moved_bytes)


def test_channels_kept_first_are_turned_around() -> None:
    free = replace(RESNET, peak_flop_per_s=1e30, parameter_count=0.0, operation_count=0.0)
    turned = replace(free, is_turned=1.0)
    more_bytes = 11.1e6 * 1.5 * 2.5 * 2.0
    more_s = 1 / images_per_s(turned, ROUND) - 1 / images_per_s(free, ROUND)
    assert more_s == pytest.approx(more_bytes / 2.0e12)


def test_depthwise_products_wait_for_memory_however_fast_the_units() -> None:
    free = replace(RESNET, peak_flop_per_s=1e30, parameter_count=0.0, operation_count=0.0)
    deep = replace(free, depthwise_output_count=5e6, depthwise_flop=9e7)
    more_s = 1 / images_per_s(deep, ROUND) - 1 / images_per_s(free, ROUND)
    assert more_s == pytest.approx((5e6 * 20.0 + 4.5e7 * 0.5) * 2.0 / 2.0e12)


@pytest.mark.parametrize(
    ("precision", "device", "turned"),
    [("AMP", "A100-80GB", 1.0), ("fp32", "A100-80GB", 1.0), ("fp32", "V100-16GB", 0.0)],
)
def test_only_matrix_units_want_channels_last(precision: str, device: str, turned: float) -> None:
    found = read({**ROW, "precision": precision, "hw_norm": device})
    assert isinstance(found, ImageReading)
    assert found.values["is_turned"] == turned


def test_every_counted_network_is_read_under_its_own_name() -> None:
    for name in networks():
        for spelt in (name, name.replace("_", "-"), name.upper(), name.replace("_", " ")):
            assert counted_network(spelt) == name


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("swin_s3_tiny_224", "swin_s3_tiny_224"),
        ("regnet_y_1_6gf", "regnety_016"),
        ("resnet50.a1_in1k", "resnet50"),
        ("resnet50-tensorflow2", "resnet50"),
        ("ResNet-50 v2", "resnetv2_50"),
        ("resnet50vd", "resnet50d"),
        ("mobilenet_v2_1.0_224", "mobilenetv2_100"),
        ("google/vit-base-patch16-224", "vit_base_patch16_224"),
        ("swin_v2_t", "swinv2_tiny_window8_256"),
        ("ResNet-1010", None),
        ("fcn_resnet50", None),
        ("openai/clip-vit-base-patch32", None),
    ],
)
def test_names_are_read_once_for_training_and_serving(name: str, counted: str | None) -> None:
    assert counted_network(name) == counted


@pytest.mark.parametrize(
    "more", ["dense_flop", "grouped_flop", "depthwise_flop", "attention_flop", "output_count"]
)
def test_more_work_is_never_faster(more: str) -> None:
    harder = replace(RESNET, **{more: getattr(RESNET, more) + 1e9})
    assert images_per_s(harder, ROUND) < images_per_s(RESNET, ROUND)


@pytest.mark.parametrize("better", ["peak_flop_per_s", "bandwidth_bytes_per_s", "batch_count"])
def test_better_devices_and_larger_batches_are_never_slower(better: str) -> None:
    easier = replace(RESNET, **{better: getattr(RESNET, better) * 2})
    assert images_per_s(easier, ROUND) > images_per_s(RESNET, ROUND)


def test_many_at_once_are_as_each_alone() -> None:
    batches = np.array([1.0, 32.0, 256.0])
    together = images_per_s(replace(RESNET, batch_count=batches), ROUND)
    alone = [images_per_s(replace(RESNET, batch_count=b), ROUND) for b in batches]
    assert together == pytest.approx(alone)


def test_eight_devices_do_less_than_eight_times_as_much() -> None:
    eight = images_per_s(replace(RESNET, device_count=8.0), ROUND)
    assert eight == pytest.approx(8 * images_per_s(RESNET, ROUND) / 1.06)


@pytest.mark.parametrize(
    ("name", "counted", "family"),
    [
        ("Classification/RN50v1.5", "resnet50", "resnet"),
        ("Classification/ConvNets/se-resnext101-32x4d", "seresnext101_32x4d", "resnext"),
        ("tf_efficientnet_b0", "tf_efficientnet_b0", "efficientnet"),
        ("vit-pytorch", "vit_base_patch16_224", "vit"),
        ("SSD300", "ssd300_resnet50", "ssd"),
        ("mobilenet_v3_large", "mobilenetv3_large_100", "mobilenet"),
        ("ViT-L/16", "vit_large_patch16_224", "vit"),
        ("vit_b_32", "vit_base_patch32_224", "vit"),
        ("Swin-T", "swin_tiny_patch4_window7_224", "swin"),
        ("ResNeXt-101 32x8d", "resnext101_32x8d", "resnext"),
        ("WideResNet-50", "wide_resnet50_2", "resnet"),
        ("SE-ResNet50", "seresnet50", "resnet"),
        ("ResNet 101", "resnet101", "resnet"),
        ("regnet_x_400mf", "regnetx_004", "regnetx"),
        ("RegNetY-16GF", "regnety_160", "regnety"),
        ("Inception v3", "inception_v3", "inception"),
    ],
)
def test_publishers_names_mean_networks(name: str, counted: str, family: str) -> None:
    assert counted_network(name) == counted
    assert network_family(name) == family


def test_a_detector_is_not_counted_as_the_network_it_stands_on() -> None:
    said = {"hw_norm": "A100-80GB", "domain": "vision", "precision": "amp"}
    for name in ("SSD-ResNet34", "Mask R-CNN ResNet-50", "RetinaNet (ResNeXt50)"):
        assert isinstance(read(said | {"model": name}), str)


def test_a_row_is_read_as_it_says() -> None:
    found = read(ROW)
    assert isinstance(found, ImageReading)
    assert found.values["batch_count"] == 256
    assert found.global_batch_count == 2048
    assert found.values["is_channels_last"] == 1
    # He et al. 2015: 3.8 billion multiply-adds, and as many again in v1.5's strides.
    assert found.values["dense_flop"] == pytest.approx(8.2e9, rel=0.02)


def test_answers_and_notes_are_not_looked_at() -> None:
    told = {**ROW, **dict.fromkeys(TRAINING_ANSWERS, "9"), "notes": "9 img/s"}
    assert image_training.predict([told]) == image_training.predict([ROW])


def test_the_step_takes_as_long_as_its_images() -> None:
    [found] = image_training.predict([ROW])
    speed, step = found.answers["samples_per_s"], found.answers["step_time_s"]
    assert step.value * speed.value == pytest.approx(2048)
    assert step.low * speed.high == pytest.approx(2048)
    assert speed.low < speed.value < speed.high


@pytest.mark.parametrize(
    ("change", "why"),
    [({"model": "unheard-of"}, "not counted"), ({"hw_norm": "abacus"}, "no accelerator")],
)
def test_what_cannot_be_told_is_refused(change: Row, why: str) -> None:
    [found] = image_training.predict([{**ROW, **change}])
    assert why in found.refused_because


def test_a_scenario_trains_as_fast_as_its_published_row_is_predicted_to() -> None:
    row = {**ROW, "micro_batch": "128", "hw_norm": "A100-80GB"}
    predicted = image_training.predict([row])[0].answers["samples_per_s"]
    scenario = Scenario(model="resnet-50", hardware="a100-sxm-80gb", training_device_count=8)
    training = project(scenario).training
    found = dict(training.mfu.inputs)["images_per_s"].value
    assert found == pytest.approx(predicted.value)
    assert training.mfu.kind == "fitted"
    assert training.mfu.low / training.mfu.value == pytest.approx(predicted.low / predicted.value)


def test_on_an_accelerator_the_fit_never_saw_the_range_is_wider() -> None:
    seen, other = (
        project(Scenario(model="resnet-50", hardware=name, requests_per_day=0))
        for name in ("h100-sxm", "l4")
    )
    told = [{note.values.get("metric") for note in found.notes} for found in (seen, other)]
    assert ["training step time" in metrics for metrics in told] == [False, True]
    one, wider = seen.training.mfu, other.training.mfu
    assert wider.low / wider.value < one.low / one.value


def test_many_sizes_at_once_train_as_each_by_itself() -> None:
    sizes = np.array([0.01, 0.025557, 0.2])
    scenario = Scenario(model="resnet-50", hardware="a100-sxm-80gb")
    together = project(scenario.replace(parameters_billion=sizes)).training.mfu.value
    alone = [project(scenario.replace(parameters_billion=s)).training.mfu.value for s in sizes]
    assert together == pytest.approx(alone)
    assert alone[1] == pytest.approx(project(scenario).training.mfu.value)


def test_every_network_said_to_be_counted_is() -> None:
    counted = {name for m in catalogue.models() if (name := catalogue.model(m).counted_as)}
    assert len(counted) == 10
    assert counted <= set(networks())


def test_nvidia_s_examples_keep_channels_last_at_16_bits_alone() -> None:
    said = {**ROW, "precision": "mixed", "framework": "PyTorch NGC"}
    own = {**said, "source_title": "NVIDIA DeepLearningExamples: Classification/ConvNets"}
    rows = (own, {**own, "precision": "TF32"}, said)
    kept = [
        one.values["is_channels_last"] for row in rows if isinstance(one := read(row), ImageReading)
    ]
    assert kept == [1, 0, 0]


def test_32_bits_are_tf32_where_the_device_has_it() -> None:
    devices = {"A100-80GB": "tf32", "V100-16GB": "fp32"}
    rows = [{**ROW, "precision": "fp32/tf32", "hw_norm": name} for name in devices]
    formats = [one.traits["format"] for row in rows if isinstance(one := read(row), ImageReading)]
    assert formats == list(devices.values())


def test_software_that_joins_norms_and_activations_writes_less() -> None:
    def written(framework: str, precision: str) -> float:
        found = read(ROW | {"framework": framework, "precision": precision})
        assert isinstance(found, ImageReading)
        return found.values["output_count"] / found.values["product_output_count"]

    assert written("MxNet", "mixed") == pytest.approx(2.0)
    assert (
        written("MxNet", "TF32")
        == written("timm PyTorch", "mixed")
        == pytest.approx(3.38, abs=0.01)
    )


def test_a_part_that_shares_its_number_with_another_s_is_refused() -> None:
    found = read(ROW | {"hardware": "iluvatar BI-V100", "hw_norm": "V100"})
    assert found == "no accelerator of the catalogue is named"


def test_a_network_that_only_shares_its_name_is_refused() -> None:
    ssd = ROW | {"model": "Detection/SSD"}
    assert isinstance(read(ssd), ImageReading)
    assert read(ssd | {"framework": "TensorFlow"}) == (
        "the layers of the network 'Detection/SSD' are not counted"
    )

"""Rows of serving measurements: what is read from them, predicted, and refused."""

import pytest

from engine.validation import inference, vision
from engine.validation.rows import INFERENCE_ANSWERS, VISION_ANSWERS, Row
from engine.validation.serving_hardware import serving_device
from engine.validation.serving_rows import Reading, read
from engine.validation.serving_shapes import model_shape, scaled_shape
from engine.validation.serving_words import engine_class, setting, weight_format
from engine.validation.vision_work import item_work

LLAMA = {
    "id": "row-1",
    "source_key": "trtllm_v1.0",
    "source_date": "2025-09",
    "verified": "yes",
    "domain": "llm",
    "model": "Llama 3.3 70B",
    "params_b": "70.55",
    "active_params_b": "70.55",
    "layers": "80",
    "hidden": "8192",
    "heads": "64",
    "kv_heads": "8",
    "head_dim": "128",
    "vocab": "128256",
    "precision_weights": "FP8",
    "precision_compute": "FP8",
    "hardware": "NVIDIA H200 SXM 141GB",
    "n_devices": "1",
    "tp": "1",
    "engine": "TensorRT-LLM (PyTorch backend)",
    "scenario": "offline max throughput (in-flight batching)",
    "input_len": "1000",
    "output_len": "2000",
}
RESNET = {
    "id": "row-2",
    "source_key": "timm_infer",
    "domain": "image-classification",
    "model": "resnet50",
    "params_m": "25.56",
    "gmacs": "4.11",
    "macts_m": "11.11",
    "input_size": "224",
    "precision": "amp",
    "hardware": "NVIDIA RTX 4090",
    "n_devices": "1",
    "engine": "PyTorch pt291 nchw eager cu128",
    "batch_size": "1024",
}


def _filled(row: Row, answers: tuple[str, ...]) -> Row:
    return {**row, **dict.fromkeys(answers, "12345"), "notes": "it was 12345 tokens/s"}


def test_answers_and_notes_are_never_inputs() -> None:
    for predictor, row, answers in (
        (inference, LLAMA, INFERENCE_ANSWERS),
        (vision, RESNET, VISION_ANSWERS),
    ):
        assert predictor.predict([_filled(row, answers)]) == predictor.predict([row])


def test_many_rows_are_predicted_as_each_alone() -> None:
    rows = [LLAMA, {**LLAMA, "input_len": "128"}, {**LLAMA, "hardware": "unheard-of"}, LLAMA]
    together = inference.predict(rows)
    alone = [inference.predict([row])[0] for row in rows]
    for one, other in zip(together, alone, strict=True):
        assert one.refused_because == other.refused_because
        for answer, part in one.answers.items():
            assert part.value == pytest.approx(other.answers[answer].value, rel=1e-12)


def test_every_range_holds_its_prediction() -> None:
    for part in inference.predict([LLAMA])[0].answers.values():
        assert part.low is not None
        assert part.high is not None
        assert part.low < part.value < part.high


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"hardware": "undisclosed (API)"}, "no data sheet"),
        ({"precision_weights": "BF16", "hardware": "NVIDIA H100 SXM 80GB"}, "do not fit"),
        ({"model": "secret", "params_b": "", "layers": ""}, "no size"),
    ],
)
def test_what_cannot_be_predicted_is_refused_with_the_reason(change: Row, why: str) -> None:
    prediction = inference.predict([{**LLAMA, **change}])[0]
    assert why in prediction.refused_because
    assert not prediction.answers


def test_an_unknown_work_is_refused() -> None:
    refused = vision.predict([{**RESNET, "model": "rgat", "gmacs": ""}])[0]
    assert "work of an item" in refused.refused_because


def test_faster_memory_never_serves_slower() -> None:
    h100 = {**LLAMA, "hardware": "NVIDIA H100 SXM 80GB", "n_devices": "2", "tp": "2"}
    h200 = {**h100, "hardware": "NVIDIA H200 SXM 141GB"}
    slow, fast = inference.predict([h100, h200])
    column = "output_tokens_per_s"
    assert fast.answers[column].value > slow.answers[column].value


def test_smaller_weights_write_a_single_sequence_faster() -> None:
    single = {**LLAMA, "engine": "llama.cpp", "scenario": "batch 1 decode"}
    half = inference.predict([{**single, "precision_weights": "F16"}])[0]
    quarter = inference.predict([{**single, "precision_weights": "Q4_K_M"}])[0]
    column = "output_tokens_per_s"
    assert quarter.answers[column].value > 2 * half.answers[column].value


def test_more_users_wait_longer_for_each_token() -> None:
    rows = [
        {**LLAMA, "scenario": "closed-loop", "batch_or_concurrency": str(users), "tp": "2",
         "n_devices": "2"}
        for users in (4, 16, 64)
    ]  # fmt: skip
    waits = [p.answers["tpot_ms"].value for p in inference.predict(rows)]
    assert waits == sorted(waits)


def test_an_engine_never_fitted_is_flagged_and_its_range_is_wider() -> None:
    known, unknown = inference.predict([LLAMA, {**LLAMA, "engine": "brand-new"}])
    assert "outside-fitted-range" in unknown.flags
    assert "outside-fitted-range" not in known.flags
    column = "output_tokens_per_s"
    ratios = [p.answers[column].high / p.answers[column].low for p in (known, unknown)]
    assert ratios[1] > ratios[0]


def test_a_blank_shape_comes_from_the_name() -> None:
    found = read({**LLAMA, "model": "Qwen/Qwen3-30B-A3B", "params_b": "", "layers": ""})
    assert isinstance(found, Reading)
    assert found.values["expert_count"] == 128
    assert found.values["active_parameter_count"] == pytest.approx(3.35e9)


def test_a_size_alone_gives_a_usual_shape_and_a_flag() -> None:
    found = read({**LLAMA, "model": "Novel-8B", "params_b": "8", "layers": ""})
    assert isinstance(found, Reading)
    assert "shape-scaled-from-size" in found.flags
    assert scaled_shape(8.0, 8.0).layer_count == found.values["layer_count"]


@pytest.mark.parametrize(
    ("name", "device_id"),
    [
        ("NVIDIA A100 SXM4 80GB", "a100-sxm-80gb"),
        ("A10G (PCIe)", "a10g"),
        ("NVIDIA H200-NVL-141GB", "h200-nvl"),
        ("AMD Instinct MI325X 256GB HBM3e", "mi325x"),
        ("RTX 3080 12GB", "rtx-3080-12gb"),
        ("RTX 4000 Ada 20GB", "rtx-4000-ada"),
        ("NVIDIA L4-PCIe-24GB", "l4"),
        ("Google TPU v6e (Trillium)", "tpu-v6e"),
        ("M1 Max 32-Core GPU 64GB", "m1-max"),
        ("Apple M3 Ultra (60-core GPU, 256 GB)", "m3-ultra"),
        ("Apple M2", "m2"),
        ("NVIDIA A800 80GB", "a100-sxm-80gb"),
        ("NVIDIA RTX 6000 Pro Blackwell Server Edition", "rtx-pro-6000-server"),
        ("NVIDIA RTX PRO 6000 Blackwell Max-Q", "rtx-pro-6000-max-q"),
        ("RTX 6000 Pro Max-Q", "rtx-pro-6000-max-q"),
        ("GeForce RTX 2080 Ti", "rtx-2080-ti"),
        ("RTX A1000", "rtx-a1000"),
        ("Jetson Orin Nano 8GB", "jetson-orin-nano"),
        ("AWS p4d.24xlarge", "a100-sxm-40gb"),
        ("AWS c5.2xlarge Xeon 8275CL, 4 threads", "xeon-8275cl"),
    ],
)
def test_publishers_names_mean_devices(name: str, device_id: str) -> None:
    device = serving_device(name)
    assert device is not None
    assert device.id == device_id


@pytest.mark.parametrize(
    ("text", "bits", "kind"),
    [
        ("Q4_K_M", 4.85, "weight-only"),
        ("EXL2 2.5 bpw", 2.5, "weight-only"),
        ("bfloat16", 16.0, "16-bit"),
        ("MXFP4", 4.25, "mxfp4"),
        ("NVFP4", 4.5, "fp4"),
        ("", 16.0, "16-bit"),
        ("auto", 16.0, "16-bit"),
        ("half", 16.0, "16-bit"),
        ("6-bit", 6.3, "weight-only"),
        ("W4A16", 4.3, "weight-only"),
        ("W8A8", 8.3, "int8"),
    ],
)
def test_weight_formats_are_read(text: str, bits: float, kind: str) -> None:
    assert weight_format(text, "any model") == (bits, kind)


@pytest.mark.parametrize(
    ("model", "engine", "bits"),
    [
        ("Phi-4-AWQ", "vLLM", 4.3),
        ("TheBloke/Llama-2-7B-GGUF Q8_0", "llama.cpp", 8.5),
        ("llama3.1:8b", "Ollama 0.5", 4.85),
        ("llama-3.1-8b", "llama.cpp", 16.0),
        ("deepseek-r1:14b", "vLLM", 16.0),
    ],
)
def test_an_unstated_format_is_the_models_or_the_programs(
    model: str, engine: str, bits: float
) -> None:
    assert weight_format("", model, engine)[0] == bits


def test_weights_that_ship_at_four_bits_are_read_at_four_bits() -> None:
    assert weight_format("FP8", "GPT-OSS 120B") == (4.25, "mxfp4")


@pytest.mark.parametrize(
    ("scenario", "concurrency", "engine", "found"),
    [
        ("static batch throughput", 1.0, "tensorrt-llm", "offline"),
        ("batch 16", 16.0, "vllm", "offline"),
        ("batch size 1", 1.0, "vllm", "single"),
        ("single node, offline", 64.0, "vllm", "offline"),
        ("llama-bench tg 128", None, "llama.cpp", "single"),
        ("llama-bench pp 512", None, "llama.cpp", "prompt"),
        ("vllm bench serve, random", 64.0, "vllm", "closed"),
        ("closed loop, fixed max-concurrency", 8.0, "vllm", "closed"),
        ("", None, "llama.cpp", "single"),
        ("", None, "vllm", "offline"),
        ("", 1.0, "vllm", "single"),
    ],
)
def test_how_a_server_is_asked_is_read_from_anyones_words(
    scenario: str, concurrency: float | None, engine: str, found: str
) -> None:
    assert setting(scenario, concurrency, engine) == found


@pytest.mark.parametrize(
    ("model", "billion", "kv_heads"),
    [
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", 46.7, 8),
        ("LLaMA v4 Maverick", 400.71, 8),
        ("meta-llama/Llama-3.2-1B-Instruct", 1.236, 8),
        ("deepseek-r1:14b", 14.77, 8),
        ("tiiuae/falcon-40b", 41.8, 8),
        ("Qwen2.5-Coder-32B-Instruct", 32.76, 8),
    ],
)
def test_shapes_are_found_by_the_names_people_give(
    model: str, billion: float, kv_heads: float
) -> None:
    found = model_shape({"model": model})
    assert found is not None
    shape, is_scaled = found
    assert not is_scaled
    assert shape.parameters_billion == pytest.approx(billion, rel=0.01)
    assert shape.kv_head_count == kv_heads


def test_devices_counted_in_the_name_count() -> None:
    row = LLAMA | {"n_devices": "", "tp": "", "hardware": "2x NVIDIA H200"}
    found = read(row)
    assert isinstance(found, Reading)
    assert found.device_count == 2.0


@pytest.mark.parametrize(
    ("model", "domain", "gflop"),
    [
        ("microsoft/resnet-50", "image-classification", 8.2),
        ("ResNet-101", "image-classification", 15.6),
        ("ViT-B/16", "image-classification", 35.1),
        ("google/vit-base-patch16-224", "", 35.1),
        ("MobileNetV2", "image-classification", 0.6),
        ("facebook/detr-resnet-50", "object-detection", 172.0),
        ("YOLOv8n", "object-detection", 8.7),
        ("sentence-transformers/all-MiniLM-L6-v2", "nlp-encoder", 2.9),
        ("runwayml/stable-diffusion-v1-5", "text-to-image", 71_680.0),
    ],
)
def test_work_is_known_by_the_names_people_give(model: str, domain: str, gflop: float) -> None:
    found = item_work({"model": model, "domain": domain})
    assert found is not None
    assert found.flop / 1e9 == pytest.approx(gflop, rel=0.02)


def test_a_counted_network_does_more_on_a_larger_picture() -> None:
    works = [item_work({"model": "resnet50", "input_size": side}) for side in ("224", "448")]
    assert works[0] is not None
    assert works[1] is not None
    assert works[1].flop == pytest.approx(4 * works[0].flop)


def test_multiply_adds_alone_are_enough() -> None:
    found = item_work({"model": "FasterViT-0", "gmacs": "3.3", "params_m": "31.4"})
    assert found is not None
    assert found.flop == pytest.approx(6.6e9)


def test_engines_are_read() -> None:
    names = ["TensorRT 10.11, CUDA 12.9", "vLLM 0.9", "ollama", "Transformers NeuronX", "sambaflow"]
    assert [engine_class(name) for name in names] == [
        "tensorrt-llm", "vllm", "llama.cpp", "neuron", "other",
    ]  # fmt: skip


def test_an_engine_before_its_new_scheduler_is_another() -> None:
    row = LLAMA | {"engine": "vLLM"}
    for date, engine in (("2024-09", "vllm-before"), ("2025-09", "vllm")):
        found = read(row | {"source_date": date})
        assert isinstance(found, Reading)
        assert found.traits["engine"] == engine


def test_expert_groups_beside_one_copy_of_the_attention_share_its_heads() -> None:
    """Tables that say `dp` 1 beside `tp` 1 and expert groups mean one scheduler, not many."""
    experts = {"n_devices": "4", "tp": "1", "ep": "4", "n_experts": "128", "experts_per_tok": "8"}
    groups = {"1": 1.0, "4": 4.0}
    for copies, attention in groups.items():
        found = read(LLAMA | experts | {"dp": copies})
        assert isinstance(found, Reading)
        assert found.values["attention_group_count"] == attention
        assert found.values["group_device_count"] == 4.0

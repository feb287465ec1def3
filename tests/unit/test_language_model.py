"""Steps of the language model: counted right, computed right, learning."""

from dataclasses import replace

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from engine.measurement.workloads.decoder import (
    Decoder,
    Shape,
    matmul_parameter_count,
    matmul_shapes,
    parameter_count,
)
from engine.measurement.workloads.language_model import (
    Decode,
    Prefill,
    Reader,
    TrainStep,
    random_tokens,
)
from engine.records import BadInput

CPU = torch.device("cpu")
SMALL = {"layer_count": 3, "hidden_size": 24, "head_count": 4, "vocabulary_size": 50}
SHAPE = Shape(**SMALL)
STEPS = [
    TrainStep(**SMALL, sequence_tokens=10, batch_size=2),
    TrainStep(**SMALL, sequence_tokens=10, batch_size=2, precision="bf16"),
    Prefill(**SMALL, sequence_tokens=10, batch_size=2),
    Prefill(**SMALL, sequence_tokens=10, batch_size=2, precision="bf16"),
    Decode(**SMALL, context_tokens=10, batch_size=2),
]


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("workload", STEPS, ids=lambda w: f"{w.name}-{w.precision}")
def test_flop_are_those_torch_counts(workload):
    step = workload.prepare(CPU)
    # Torch counts the attention of the plain kernel only; the others compute the same.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        step()
    assert workload.flop_per_step == counter.get_total_flops()


@pytest.mark.parametrize("shape", [SHAPE, Shape(1, 8, 1, 5)])
def test_parameters_are_those_torch_holds(shape):
    model = Decoder(shape, longest_tokens=7)
    assert parameter_count(shape, 7) == sum(p.numel() for p in model.parameters())
    matrices = [p for n, p in model.named_parameters() if p.dim() > 1 and "positions" not in n]
    assert matmul_parameter_count(shape) == sum(p.numel() for p in matrices)


def test_matrices_are_listed_block_by_block_then_the_output():
    assert matmul_shapes(Shape(1, 8, 1, 5)) == [(8, 24), (8, 8), (8, 32), (32, 8), (8, 5)]
    assert matmul_parameter_count(SHAPE) == 12 * 3 * 24**2 + 24 * 50


def test_writing_token_by_token_sees_what_reading_at_once_sees():
    torch.manual_seed(0)
    reader = Reader(SHAPE, 2, 9, CPU, "fp32")
    tokens = random_tokens(SHAPE, 2, 9, CPU)
    with torch.no_grad():
        at_once = reader.model.logits(reader.model(tokens))
    one_by_one = [reader.last_logits(tokens[:, p : p + 1], p) for p in range(9)]
    torch.testing.assert_close(torch.stack(one_by_one, 1), at_once, rtol=1e-4, atol=1e-6)


def test_writing_goes_on_from_a_prompt_read_at_once():
    torch.manual_seed(0)
    reader = Reader(SHAPE, 2, 9, CPU, "fp32")
    tokens = random_tokens(SHAPE, 2, 9, CPU)
    with torch.no_grad():
        last = reader.model.logits(reader.model(tokens))[:, -1]
    reader.last_logits(tokens[:, :8], 0)
    torch.testing.assert_close(reader.last_logits(tokens[:, 8:], 8), last, rtol=1e-4, atol=1e-6)


def test_a_token_does_not_see_those_after_it():
    torch.manual_seed(0)
    model = Decoder(SHAPE, 9)
    tokens = random_tokens(SHAPE, 1, 9, CPU)
    changed = tokens.clone()
    changed[0, 5:] = (changed[0, 5:] + 1) % 50
    with torch.no_grad():
        before, after = model(tokens), model(changed)
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert not torch.allclose(before[:, 5:], after[:, 5:])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_training_steps_learn_their_batch(precision):
    torch.manual_seed(0)
    step = replace(STEPS[0], precision=precision).prepare(CPU)
    losses = [step().item() for _ in range(150)]
    assert losses[0] == pytest.approx(torch.tensor(50.0).log().item(), rel=0.02)
    assert losses[-1] < losses[0] - 0.5


@pytest.mark.parametrize("workload", STEPS[2:], ids=lambda w: f"{w.name}-{w.precision}")
def test_inference_steps_give_one_token_a_row_and_repeat(workload):
    step = workload.prepare(CPU)
    first = step()
    assert first.shape == (2,)
    assert torch.equal(first, step())


def test_prepared_steps_know_their_parameters():
    assert STEPS[0].metrics == {"parameter_count": parameter_count(SHAPE, 10)}
    assert STEPS[-1].metrics == STEPS[0].metrics


def test_bytes_moved_by_hand():
    shape = {"layer_count": 1, "hidden_size": 8, "head_count": 1, "vocabulary_size": 5}
    matrices, positions_and_norms, tokens = 808, (6 + 6) * 8, 3 * 6
    train = TrainStep(**shape, sequence_tokens=6, batch_size=3)
    kept = tokens * (16 * 8 + 5)
    assert train.moved_bytes_per_step == 40 * (matrices + positions_and_norms) + 8 * kept
    prefill = Prefill(**shape, sequence_tokens=6, batch_size=3)
    assert prefill.moved_bytes_per_step == 4 * (matrices + 2 * 16 * 8 * tokens)
    decode = Decode(**shape, context_tokens=6, batch_size=3)
    assert decode.moved_bytes_per_step == 4 * (matrices + 2 * 8 * tokens)
    halved = replace(decode, precision="fp16")
    assert halved.moved_bytes_per_step == decode.moved_bytes_per_step / 2


def test_settings_name_the_shape_and_the_work():
    assert set(STEPS[0].settings) == {
        *SMALL,
        "sequence_tokens",
        "batch_size",
        "precision",
        "optimiser",
    }
    assert set(STEPS[2].settings) == {*SMALL, "sequence_tokens", "batch_size", "precision"}
    assert set(STEPS[-1].settings) == {*SMALL, "context_tokens", "batch_size", "precision"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"head_count": 5}, "cannot be shared by 5 heads"),
        ({"layer_count": 0}, "at least one of each"),
        ({"batch_size": 0}, "not 0 x 10"),
        ({"precision": "fp64"}, "No precision 'fp64' here. Known: fp32, bf16"),
        ({"optimiser": "sgd"}, "No optimiser 'sgd' here. Known: adamw"),
    ],
)
def test_what_cannot_be_is_refused(changes, sentence):
    with pytest.raises(BadInput, match=sentence):
        replace(STEPS[0], **changes)

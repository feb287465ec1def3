"""Steps of a language model: training, reading a prompt (prefill), writing a token (decode).

The network is `decoder.Decoder`. Token numbers are random: what the text says changes
no time. FLOP count the matrix products, multiply-adds as two and masked pairs of the
attention included, as model-FLOP utilisation usually does; bytes are the least a step
must move.

Source: Chowdhery et al. 2022, PaLM, appendix B, https://arxiv.org/abs/2204.02311
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from engine.measurement.workloads.base import settings_of
from engine.measurement.workloads.decoder import (
    Decoder,
    Shape,
    attention_flop,
    block_matmul_parameter_count,
    empty_caches,
    matmul_parameter_count,
    parameter_count,
)
from engine.records import BadInput, Setting
from engine.units import BYTES_PER_VALUE

NUMBERS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
LEARNING_RATE = 1e-4

TRAINING_MOVES_PER_PARAMETER = 10
"""Read forward and backward, gradient written; AdamW reads four numbers and writes three."""
ACTIVATIONS_PER_LAYER = 16
"""Hidden-sized numbers a block makes for each token: two norms, two sums, 3 + 1 + 4 + 4."""


@dataclass(frozen=True)
class TrainStep(Shape):
    """Forward, backward and AdamW on one batch; bf16 by autocast, weights staying fp32."""

    name: ClassVar[str] = "lm_train_step"

    sequence_tokens: int
    batch_size: int
    precision: str = "fp32"
    optimiser: str = "adamw"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_work(self.batch_size, self.sequence_tokens)
        _check_choice("precision", self.precision, ("fp32", "bf16"))
        _check_choice("optimiser", self.optimiser, ("adamw",))

    @property
    def settings(self) -> dict[str, Setting]:
        """Every field."""
        return settings_of(self)

    @property
    def metrics(self) -> dict[str, float]:
        """What is known before it runs."""
        return {"parameter_count": float(parameter_count(self, self.sequence_tokens))}

    @property
    def flop_per_step(self) -> float:
        """6 for each matrix parameter and token, and three times the attention of one pass."""
        token_count = self.batch_size * self.sequence_tokens
        attention = attention_flop(self, token_count, self.sequence_tokens)
        return 6.0 * matmul_parameter_count(self) * token_count + 3.0 * attention

    @property
    def moved_bytes_per_step(self) -> float:
        """4 bytes for 10 moves a parameter, and each activation and logit written and read."""
        parameters = parameter_count(self, self.sequence_tokens)
        token_count = self.batch_size * self.sequence_tokens
        kept = _activation_count(self, token_count) + token_count * self.vocabulary_size
        moved = 4.0 * TRAINING_MOVES_PER_PARAMETER * parameters
        return moved + 2.0 * BYTES_PER_VALUE[self.precision] * kept

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """A model, its optimiser and one batch; the step changes the model."""
        model = Decoder(self, self.sequence_tokens).to(device)
        optimiser = torch.optim.AdamW(model.parameters(), LEARNING_RATE, fused=True)
        tokens = random_tokens(self, self.batch_size, self.sequence_tokens + 1, device)
        inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].flatten()
        number = None if self.precision == "fp32" else NUMBERS[self.precision]

        def step() -> Tensor:
            with _arithmetic(device, number):
                logits = model.logits(model(inputs))
                loss = F.cross_entropy(logits.flatten(0, 1), targets)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            optimiser.zero_grad()
            return loss.detach()

        return step


@dataclass(frozen=True)
class Prefill(Shape):
    """Read `sequence_tokens` of each row: fill the caches, and choose the next token."""

    name: ClassVar[str] = "lm_prefill"

    sequence_tokens: int
    batch_size: int
    precision: str = "fp32"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_work(self.batch_size, self.sequence_tokens)
        _check_choice("precision", self.precision, tuple(NUMBERS))

    @property
    def settings(self) -> dict[str, Setting]:
        """Every field."""
        return settings_of(self)

    @property
    def metrics(self) -> dict[str, float]:
        """What is known before it runs."""
        return {"parameter_count": float(parameter_count(self, self.sequence_tokens))}

    @property
    def flop_per_step(self) -> float:
        """2 for each block parameter and token, attention, the output layer once a row."""
        token_count = self.batch_size * self.sequence_tokens
        blocks = 2.0 * block_matmul_parameter_count(self) * token_count
        attention = attention_flop(self, token_count, self.sequence_tokens)
        return blocks + attention + _output_flop(self, self.batch_size)

    @property
    def moved_bytes_per_step(self) -> float:
        """Weights read once, each activation written and read."""
        token_count = self.batch_size * self.sequence_tokens
        moved = matmul_parameter_count(self) + 2 * _activation_count(self, token_count)
        return moved * BYTES_PER_VALUE[self.precision]

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """A model, room for keys and values, and one prompt a row."""
        reader = Reader(self, self.batch_size, self.sequence_tokens, device, self.precision)
        tokens = random_tokens(self, self.batch_size, self.sequence_tokens, device)
        return lambda: reader.next_tokens(tokens, start=0)


@dataclass(frozen=True)
class Decode(Shape):
    """Write one token in each row, looking back on `context_tokens`, itself included."""

    name: ClassVar[str] = "lm_decode"

    context_tokens: int
    batch_size: int
    precision: str = "fp32"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_work(self.batch_size, self.context_tokens)
        _check_choice("precision", self.precision, tuple(NUMBERS))

    @property
    def settings(self) -> dict[str, Setting]:
        """Every field."""
        return settings_of(self)

    @property
    def metrics(self) -> dict[str, float]:
        """What is known before it runs."""
        return {"parameter_count": float(parameter_count(self, self.context_tokens))}

    @property
    def flop_per_step(self) -> float:
        """2 for each matrix parameter and row, and attention over the context."""
        attention = attention_flop(self, self.batch_size, self.context_tokens)
        return 2.0 * matmul_parameter_count(self) * self.batch_size + attention

    @property
    def moved_bytes_per_step(self) -> float:
        """Weights and the cached keys and values, read once."""
        cached = 2 * self.layer_count * self.hidden_size * self.batch_size * self.context_tokens
        return (matmul_parameter_count(self) + cached) * BYTES_PER_VALUE[self.precision]

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """A model with full caches and the last token of each row; each step writes anew."""
        reader = Reader(self, self.batch_size, self.context_tokens, device, self.precision)
        reader.next_tokens(random_tokens(self, self.batch_size, self.context_tokens, device), 0)
        last = random_tokens(self, self.batch_size, 1, device)
        return lambda: reader.next_tokens(last, start=self.context_tokens - 1)


class Reader:
    """A model with its caches, used without learning."""

    def __init__(
        self, shape: Shape, row_count: int, token_count: int, device: torch.device, precision: str
    ) -> None:
        number = NUMBERS[precision]
        self.model = Decoder(shape, token_count).to(device, number).requires_grad_(False)
        self._caches = empty_caches(shape, row_count, token_count, device, number)

    @torch.inference_mode()
    def last_logits(self, tokens: Tensor, start: int) -> Tensor:
        """Logits after the last of `tokens`, the first of which stands at `start`."""
        hidden = self.model(tokens, self._caches, start)
        return self.model.logits(hidden[:, -1])

    def next_tokens(self, tokens: Tensor, start: int) -> Tensor:
        """Likeliest next token of each row."""
        return self.last_logits(tokens, start).argmax(-1)


def random_tokens(shape: Shape, row_count: int, token_count: int, device: torch.device) -> Tensor:
    """The same numbers every time."""
    random = torch.Generator().manual_seed(0)
    size = (row_count, token_count)
    return torch.randint(shape.vocabulary_size, size, generator=random).to(device)


def _activation_count(shape: Shape, token_count: int) -> int:
    return ACTIVATIONS_PER_LAYER * shape.layer_count * shape.hidden_size * token_count


def _output_flop(shape: Shape, row_count: int) -> float:
    return 2.0 * shape.hidden_size * shape.vocabulary_size * row_count


def _arithmetic(device: torch.device, number: torch.dtype | None) -> AbstractContextManager[Any]:
    return nullcontext() if number is None else torch.autocast(device.type, number)


def _check_work(batch_size: int, token_count: int) -> None:
    if min(batch_size, token_count) < 1:
        raise BadInput(f"A step needs a row and a token, not {batch_size} x {token_count}.")


def _check_choice(what: str, chosen: str, known: tuple[str, ...]) -> None:
    if chosen not in known:
        raise BadInput(f"No {what} {chosen!r} here. Known: {', '.join(known)}.")

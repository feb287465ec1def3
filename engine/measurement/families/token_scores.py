"""Scores of models that foretell tokens, each from the true ones before it."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

NOTHING_LEFT_OUT = -100
"""No token has this number."""


def token_loss(output: Tensor, targets: Tensor, padding: int = NOTHING_LEFT_OUT) -> Tensor:
    """Mean cross-entropy of a token, nats; `output` is (batch, tokens, vocabulary)."""
    return F.cross_entropy(output.float().flatten(0, 1), targets.flatten(), ignore_index=padding)


def token_scores(
    output: Tensor, targets: Tensor, padding: int = NOTHING_LEFT_OUT
) -> dict[str, float]:
    """Share of tokens right, share of sequences right in every token, loss and perplexity.

    Targets equal to `padding` count nowhere.
    """
    counts = targets != padding
    right = output.argmax(2) == targets
    loss = token_loss(output, targets, padding)
    return {
        "token_accuracy_share": right[counts].float().mean().item(),
        "exact_sequence_share": (right | ~counts).all(1).float().mean().item(),
        "perplexity": loss.exp().item(),
        "loss_nats": loss.item(),
    }

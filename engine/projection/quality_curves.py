"""Scores as functions of size and data: the published curves, as formulas."""

from __future__ import annotations

import numpy as np

from engine.elementwise import clip, exp, maximum, minimum, where
from engine.units import BILLION, MILLION, TERA, Float

REFUSED_DECADES = 2.0
"""Beyond this many powers of ten of compute outside the fit no score is given."""
FLOP_PER_PARAMETER_AND_TOKEN = 6.0
USUAL_IMAGE_PX = 224.0
ANCHOR_STEP_COUNT = 8


def effective_token_count(
    dataset_items_billion: Float, epoch_count: Float, repeat_worth_epoch_count: Float
) -> Float:
    """Tokens as much worth as those seen, repeats counting less and less.

    `U + U R (1 - exp(-(epochs - 1) / R))` for U different tokens: up to four passes are
    nearly as good as new data, beyond sixteen hardly anything is gained.

    Source: Muennighoff et al. 2023, "Scaling Data-Constrained Language Models", equation 5,
    https://arxiv.org/abs/2305.16264
    """
    repeats = maximum(epoch_count - 1.0, 0.0)
    gained = repeat_worth_epoch_count * -np.expm1(-repeats / repeat_worth_epoch_count)
    return dataset_items_billion * BILLION * (minimum(epoch_count, 1.0) + gained)


def pretraining_loss_nats(
    active_parameter_count: Float,
    effective_token_count: Float,
    irreducible_nats: Float,
    size_nats: Float,
    data_nats: Float,
    size_exponent: Float,
    data_exponent: Float,
) -> Float:
    """Loss per token of a language model of some size on some data: `E + A / N^α + B / D^β`.

    Source: Hoffmann et al. 2022, approach 3, https://arxiv.org/abs/2203.15556, with the
    constants corrected by Besiroglu et al. 2024, https://arxiv.org/abs/2404.10102
    """
    by_size = size_nats / active_parameter_count**size_exponent
    by_data = data_nats / effective_token_count**data_exponent
    return irreducible_nats + by_size + by_data


def score_share_of_loss(
    loss_nats: Float,
    recipe_year: Float,
    floor_share: Float,
    ceiling_share: Float,
    intercept: Float,
    slope: Float,
    change_per_year: Float,
    irreducible_nats: Float,
) -> Float:
    """Score of a language model from its loss and year: a sigmoid in the log of what is reducible.

    Floor: what guessing gets. The year stands for better data at the same size.
    """
    odds_log = intercept + slope * np.log(loss_nats - irreducible_nats)
    odds_log = odds_log + change_per_year * (recipe_year - 2023.0)
    return _between(floor_share, ceiling_share, odds_log)


def score_share_of_size_and_data(
    active_parameter_count: Float,
    token_count: Float,
    floor_share: Float,
    ceiling_share: Float,
    intercept: Float,
    size_exponent: Float,
    data_exponent: Float,
) -> Float:
    """Score of a language model in which more data counts for more than more size (MMLU)."""
    size_decades = np.log10(active_parameter_count / BILLION)
    data_decades = np.log10(token_count / TERA)
    odds_log = intercept + size_exponent * size_decades + data_exponent * data_decades
    return _between(floor_share, ceiling_share, odds_log)


def _between(floor_share: Float, ceiling_share: Float, odds_log: Float) -> Float:
    return floor_share + (ceiling_share - floor_share) / (1.0 + exp(-odds_log))


def odds_log_of_share(score_share: Float, floor_share: Float, ceiling_share: Float) -> Float:
    """Logarithm of the odds between floor and ceiling; scores beyond either count as near it."""
    span_share = ceiling_share - floor_share
    place = clip((score_share - floor_share) / span_share, 1e-3, 1.0 - 1e-3)
    return np.log(place / (1.0 - place))


def anchored_share(
    curve_share: Float,
    own_curve_share: Float,
    own_score_share: Float,
    floor_share: Float,
    ceiling_share: Float,
    recipe_spread_ratio: Float,
    noise_share: Float,
) -> Float:
    """Score of a model measured elsewhere on the curve: the curve moves by what it missed there.

    The move, in log odds, is the likeliest under a normal spread of recipes and a normal
    noise of scores: near the floor, where a score says little of a recipe, it stays small.
    Gauss-Newton, to convergence in a few steps.
    """
    own = odds_log_of_share(own_curve_share, floor_share, ceiling_share)
    move: Float = 0.0
    for _ in range(ANCHOR_STEP_COUNT):
        missed = own_score_share - _between(floor_share, ceiling_share, own + move)
        place = 1.0 / (1.0 + exp(-(own + move)))
        steepness = (ceiling_share - floor_share) * place * (1.0 - place) / noise_share
        pull = steepness * missed / noise_share - move / recipe_spread_ratio**2
        move = move + pull / (steepness**2 + recipe_spread_ratio**-2)
    target = odds_log_of_share(curve_share, floor_share, ceiling_share)
    return _between(floor_share, ceiling_share, target + move)


def nearby_anchored_share(
    anchored_share: Float, curve_share: Float, apart_decade_count: Float
) -> Float:
    """The anchored score where training compute is near the anchor's, the plain curve beyond."""
    return where(apart_decade_count <= REFUSED_DECADES, anchored_share, curve_share)


def apart_decade_count(flop: Float, anchor_flop: Float) -> Float:
    """Powers of ten between the training compute and that of the model with a known score."""
    return np.abs(np.log10(flop / anchor_flop))


def moved_share(
    score_share: Float, floor_share: Float, ceiling_share: Float, odds_log_ratio: Float
) -> Float:
    """A score with its log odds moved, as an end of its range is."""
    odds_log = odds_log_of_share(score_share, floor_share, ceiling_share)
    return _between(floor_share, ceiling_share, odds_log + odds_log_ratio)


def imagenet_top1_share(
    forward_flop_per_item: Float,
    parameter_count: Float,
    recipe_year: Float,
    ceiling_share: Float,
    intercept: Float,
    work_slope: Float,
    work_square_slope: Float,
    size_slope: Float,
    size_square_slope: Float,
    work_size_slope: Float,
    change_per_year: Float,
) -> Float:
    """ImageNet top-1 accuracy from arithmetic per image, parameters and the year of the recipe.

    Trained on ImageNet-1k alone, at 224 px.
    """
    work = np.log10(forward_flop_per_item / 2.0 / BILLION)
    size = np.log10(parameter_count / MILLION)
    error_log = intercept + work_slope * work + work_square_slope * work**2
    error_log = error_log + size_slope * size + size_square_slope * size**2
    error_log = error_log + work_size_slope * work * size
    missed = exp(error_log + change_per_year * (recipe_year - 2020.0))
    return clip(ceiling_share - missed / 100.0, 0.0, 1.0)


def coco_map_share(
    parameter_count: Float,
    recipe_year: Float,
    ceiling_share: Float,
    intercept: Float,
    slope: Float,
    change_per_year: Float,
) -> Float:
    """COCO mAP 50–95 at 640 px of detectors of the YOLO kind, from their size and year."""
    error_log = intercept + slope * np.log10(parameter_count / MILLION)
    missed = exp(error_log + change_per_year * (recipe_year - 2020.0))
    return clip(ceiling_share - missed / 100.0, 0.0, 1.0)


def glue_share(
    parameter_count: Float, ceiling_share: Float, intercept: Float, slope: Float
) -> Float:
    """GLUE mean of BERT-like encoders, from their size; five models of one recipe."""
    missed = exp(intercept + slope * np.log10(parameter_count / MILLION))
    return clip(ceiling_share - missed / 100.0, 0.0, 1.0)


def same_recipe_share(
    curve_share: Float, own_curve_share: Float, own_score_share: Float, ceiling_share: Float
) -> Float:
    """Score of a known model at another size: what it misses shrinks as it does on the curve.

    Moving a known score along the curve is far surer than the curve alone, because the
    training recipe and its year stay the same.
    """
    shrunk_ratio = (ceiling_share - curve_share) / (ceiling_share - own_curve_share)
    return clip(ceiling_share - (ceiling_share - own_score_share) * shrunk_ratio, 0.0, 1.0)


def moved_error_share(score_share: Float, ceiling_share: Float, error_log_ratio: Float) -> Float:
    """A score with the logarithm of what it misses moved, as an end of its range is."""
    missed_share = maximum(ceiling_share - score_share, 0.0) * exp(error_log_ratio)
    return clip(ceiling_share - missed_share, 0.0, 1.0)


def measured_accuracy_share(parameter_count: Float, fitted_accuracy_share: Float) -> Float:
    """Accuracy of the text classifier at a size, on the curve through the sizes measured."""
    return fitted_accuracy_share + 0.0 * parameter_count


def score_share_in_range(score_share: Float, outside_decade_count: Float) -> Float:
    """The score, unless compute lies more than two powers of ten outside what was fitted."""
    return where(outside_decade_count <= REFUSED_DECADES, score_share, np.nan)


def outside_decade_count(
    flop: Float, lowest_fitted_flop: Float, highest_fitted_flop: Float
) -> Float:
    """Powers of ten between the training compute and the nearest that was fitted."""
    return maximum(
        maximum(np.log10(lowest_fitted_flop / flop), np.log10(flop / highest_fitted_flop)), 0
    )


def compute_flop(active_parameter_count: Float, token_count: Float) -> Float:
    """Training FLOP as the scaling laws count it: six for each parameter and token."""
    return FLOP_PER_PARAMETER_AND_TOKEN * active_parameter_count * token_count

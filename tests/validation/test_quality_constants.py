"""One truth: the constants that projections use are those that the published rows give."""

from collections.abc import Callable

import numpy as np
import pytest

from engine import catalogue
from engine.projection import quality_curves as curves
from engine.validation import quality
from engine.validation.quality_document import as_toml, fitted_constants
from engine.validation.quality_fit import LOSS, SHAPES, Readings, kept, years

GLUE = ((4.39, 64.2), (11.17, 65.8), (28.76, 71.2), (41.37, 73.5), (340.0, 80.5))
"""BERT-Tiny to BERT-Large: millions of parameters, GLUE on the test set.

Source: google-research/bert eedf571, README.md
"""


@pytest.mark.parametrize("curve", SHAPES)
def test_the_facts_hold_what_the_fit_gives(curve: str) -> None:
    found = fitted_constants(curve)
    held = catalogue.quality_curve(SHAPES[curve].metric).constants
    text = "\n".join(as_toml(found))
    assert {name: held[name] for name in found} == found, f"The fit now gives:\n{text}"


def test_the_curve_of_encoders_goes_through_its_five_models() -> None:
    size, missed = np.log10([n for n, _ in GLUE]), np.log([100.0 - score for _, score in GLUE])
    slope, intercept = np.polyfit(size, missed, 1)
    held = catalogue.quality_curve("glue").constants
    assert held["slope"] == pytest.approx(slope, rel=1e-4)
    assert held["intercept"] == pytest.approx(intercept, rel=1e-4)
    left = [np.arange(5) != i for i in range(5)]
    off = [missed[i] - np.polyval(np.polyfit(size[m], missed[m], 1), size[i])
           for i, m in enumerate(left)]  # fmt: skip
    # 2.353: Student's t at 95 % with three degrees of freedom.
    assert held["spread"] == pytest.approx(2.353 * np.sqrt(np.mean(np.square(off))), rel=1e-2)


def values(readings: Readings, name: str) -> np.ndarray:
    return np.array([getattr(r, name) for r in readings], dtype=np.float64)


def of_loss(metric: str) -> Callable[[Readings], np.ndarray]:
    def share(readings: Readings) -> np.ndarray:
        c, loss = catalogue.quality_curve(metric).constants, catalogue.quality_curve(LOSS).constants
        nats = curves.pretraining_loss_nats(
            values(readings, "parameter_million") * 1e6, values(readings, "token_billion") * 1e9,
            loss["E"], loss["A"], loss["B"], loss["alpha"], loss["beta"],
        )  # fmt: skip
        return np.asarray(curves.score_share_of_loss(
            nats, years(readings), c["floor"], c["ceiling"], c["intercept"], c["slope"],
            c["per_year"], loss["E"],
        ))  # fmt: skip

    return share


def of_size(readings: Readings) -> np.ndarray:
    c = catalogue.quality_curve("mmlu-5-shot").constants
    return np.asarray(curves.score_share_of_size_and_data(
        values(readings, "parameter_million") * 1e6, values(readings, "token_billion") * 1e9,
        c["floor"], c["ceiling"], c["intercept"], c["size"], c["data"],
    ))  # fmt: skip


def of_images(readings: Readings) -> np.ndarray:
    c = catalogue.quality_curve("imagenet-top1").constants
    return np.asarray(curves.imagenet_top1_share(
        values(readings, "gmac") * 2e9, values(readings, "parameter_million") * 1e6,
        years(readings), c["ceiling"], c["intercept"], c["work"], c["work_square"], c["size"],
        c["size_square"], c["work_size"], c["per_year"],
    ))  # fmt: skip


def of_detectors(readings: Readings) -> np.ndarray:
    c = catalogue.quality_curve("coco-map-50-95").constants
    return np.asarray(curves.coco_map_share(
        values(readings, "parameter_million") * 1e6, years(readings), c["ceiling"],
        c["intercept"], c["slope"], c["per_year"],
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("curve", "projected"),
    [
        ("hellaswag", of_loss("hellaswag-10-shot")),
        ("arc_c", of_loss("arc-challenge-25-shot")),
        ("mmlu", of_size),
        ("top1", of_images),
        ("value", of_detectors),
    ],
    ids=lambda found: found if isinstance(found, str) else "",
)
def test_what_is_projected_is_what_is_validated(
    curve: str, projected: Callable[[Readings], np.ndarray]
) -> None:
    readings, _ = quality.fit_rows(curve)
    if curve == "top1":
        readings = [r for r in readings if r.image_px == 224.0 and r.pretraining == "imagenet"]
    fit = kept(SHAPES[curve])
    validated = fit.shape.share(fit.place(readings))
    assert len(readings) > 20
    assert projected(readings) == pytest.approx(validated, abs=1e-9)

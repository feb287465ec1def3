"""Corrections from one's own rows: what one row says, for whom, and that it survives storage."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.own_calibration import load_own_calibration, save_own_calibration
from engine.projection import project
from engine.projection.evidence import Evidence
from engine.projection.own_calibration import (
    NO_OWN_CALIBRATION,
    NOISE,
    SPREADS,
    OwnCalibration,
    own_calibration,
)
from engine.records import CannotContinue
from engine.scenario import Scenario

HERE = ("h100-sxm", "nemo", "fp8")
SHARED = sum(spread**2 for spread in SPREADS)


def one_row(log_ratio: float) -> OwnCalibration:
    return own_calibration("training", [HERE], np.array([log_ratio]))


def test_one_row_moves_its_setting_most_and_its_hardware_less() -> None:
    own = one_row(0.3)
    assert own.of("training", *HERE).log_ratio == pytest.approx(0.3 * SHARED / (SHARED + NOISE**2))
    alone = SPREADS[0] ** 2 / (SHARED + NOISE**2)
    assert own.of("training", "h100-sxm", "jax").log_ratio == pytest.approx(0.3 * alone)


def test_other_hardware_and_other_work_are_left_alone() -> None:
    own = one_row(0.3)
    assert own.of("training", "a100-sxm-80gb") is None
    assert own.of("inference", *HERE) is None


def test_a_format_is_found_where_no_engine_is_named() -> None:
    own = own_calibration(
        "training",
        [HERE, ("h100-sxm", "nemo", "16bit")] * 20,
        np.array([0.3, -0.3] * 20),
    )
    assert own.of("training", "h100-sxm", precision="fp8").log_ratio > 0.2
    assert own.of("training", "h100-sxm", precision="bf16").log_ratio < -0.2
    assert own.of("training", "h100-sxm", precision="fp4").log_ratio == pytest.approx(0, abs=0.01)


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=20))
def test_a_correction_never_overshoots_what_was_seen(logs: list[float]) -> None:
    found = own_calibration("training", [HERE] * len(logs), np.array(logs)).of("training", *HERE)
    assert abs(found.log_ratio) <= max(abs(log) for log in logs) + 1e-9
    low, high = found.range_ratios
    assert low < found.ratio < high


def test_more_rows_are_surer() -> None:
    few = own_calibration("training", [HERE] * 2, np.full(2, 0.2)).of("training", *HERE)
    many = own_calibration("training", [HERE] * 50, np.full(50, 0.2)).of("training", *HERE)
    assert many.spread < few.spread
    assert many.log_ratio > few.log_ratio


def test_corrections_survive_being_kept(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "calibration.json"
    own = one_row(0.3)
    assert save_own_calibration(own, file) == file
    assert load_own_calibration(file) == own
    assert load_own_calibration(tmp_path / "none.json") == NO_OWN_CALIBRATION


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    file.write_text(json.dumps({"training/h100-sxm": {"ratio": 1}}), encoding="utf-8")
    with pytest.raises(CannotContinue, match="Delete the file"):
        load_own_calibration(file)


def test_projections_are_corrected_in_proportion() -> None:
    scenario = Scenario(model="llama-3.1-8b", hardware="h100-sxm", training_device_count=64)
    own = own_calibration("training", [("h100-sxm", "nemo", "16bit")], np.array([0.3]))
    plain = project(scenario).training.mfu
    sharper = project(scenario, Evidence(own=own)).training.mfu
    ratio = own.of("training", "h100-sxm", precision="bf16").ratio
    assert sharper.value == pytest.approx(plain.value * ratio)
    assert sharper.high / sharper.low < 2.0


def test_served_tokens_are_corrected() -> None:
    scenario = Scenario(model="llama-3.1-8b", hardware="h100-sxm")
    own = own_calibration("inference", [("h100-sxm", "vllm", "16-bit")] * 9, np.full(9, 0.4))
    plain = project(scenario).deployment.tpot_s
    sharper = project(scenario, Evidence(own=own)).deployment.tpot_s
    assert sharper.value < plain.value

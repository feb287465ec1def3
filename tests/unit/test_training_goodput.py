"""What interruptions, restarts and checkpoints take of a run, beside what was published."""

import pytest

from engine.projection import project, training_goodput
from engine.scenario import Scenario


def test_llama_3_405b_was_interrupted_every_three_hours() -> None:
    # Llama Team 2024, section 3.3.4: 419 interruptions in 54 days on 16,384 GPUs, over 90 % up.
    between = training_goodput.mtbf_device_hours(16_384, 54, 419)
    rate = training_goodput.interruptions_per_h(16_384, between)
    assert 1 / rate == pytest.approx(54 * 24 / 419)
    training = project(
        Scenario(model="llama-3.1-405b", training_device_count=16_384, dataset_items_billion=15_600)
    ).training
    assert training.goodput_share.value == pytest.approx(0.9, abs=0.03)
    assert training.interruption_count.value == pytest.approx(training.time_h.value * rate)


def test_checkpoints_are_as_far_apart_as_loses_least() -> None:
    # Young 1974: sqrt(2 x 0.02 h x 100 h) = 2 h.
    assert training_goodput.checkpoint_interval_h(0.01, 0.02, most_h=24) == pytest.approx(2)
    assert training_goodput.checkpoint_interval_h(0.01, 0.02, most_h=1) == 1

    def lost(interval_h: float) -> float:
        pauses = training_goodput.checkpoint_share(0.02, interval_h)
        return pauses + training_goodput.lost_share(0.01, interval_h, restart_h=0.2)

    assert lost(2.0) < min(lost(1.8), lost(2.2))


def test_more_devices_are_interrupted_more_often() -> None:
    few, many = (
        project(Scenario(training_device_count=count)).training.goodput_share.value
        for count in (8, 8_192)
    )
    assert many < few < 1


def test_experiments_are_paid_beside_the_runs() -> None:
    plain = project(Scenario()).training
    more = project(Scenario(development_ratio=2.2)).training
    assert more.device_hours.value == pytest.approx(2.2 * plain.device_hours.value)
    assert more.experiment_device_hours.value == pytest.approx(1.2 * plain.device_hours.value)
    assert plain.experiment_device_hours.value == 0


def test_a_run_at_spot_prices_saves_more_often_the_more_often_it_is_stopped() -> None:
    spot = Scenario(ownership="cloud", pricing="spot", training_device_count=1_024)
    calm, wild = (
        project(spot.replace(spot_interruptions_per_month=rate)).training for rate in (0.1, 30)
    )
    assert wild.checkpoint_interval_h.value < calm.checkpoint_interval_h.value / 5
    # 128 servers taken back 30 times a month each: 5.3 an hour, each costing a quarter of one.
    lost = wild.bill.interruption_usd.value / wild.bill.hardware_usd.value
    assert 1 < lost < 4
    assert calm.bill.interruption_usd.value < 0.02 * calm.bill.hardware_usd.value

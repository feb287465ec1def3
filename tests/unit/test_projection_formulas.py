"""The formulas give what was worked out by hand, or printed by their source."""

import numpy as np
import pytest

from engine import catalogue
from engine.projection import (
    carbon,
    cost,
    energy,
    item_times,
    memory,
    quality_curves,
    scaling,
    serving,
    storage,
    training,
    training_speed,
)
from engine.projection.sized import sized
from engine.scenario import Scenario


def test_gpt_3_took_3_14e23_flop() -> None:
    # Brown et al. 2020, table D.1: 174.6 billion parameters, 300 billion tokens.
    forward = scaling.forward_flop_per_parameter(174.6e9)
    flop = training.training_flop(training.training_flop_per_item(forward), 300e9)
    assert flop == pytest.approx(3.14e23, rel=0.002)


def test_attention_adds_one_percent_to_gpt_3() -> None:
    # 6 x 96 layers x 12,288 wide x 2,048 tokens = 1.4496e10 beside 6 x 174.6e9.
    forward = scaling.causal_attention_flop_per_token(96, 12_288, 2_048)
    assert training.training_flop_per_item(forward) == pytest.approx(1.4496e10, rel=1e-4)
    assert scaling.full_attention_flop_per_token(96, 12_288, 2_048) == 2 * forward


def test_device_hours_are_time_times_devices_times_runs() -> None:
    hours = training.time_h(3.6e18, device_count=10, peak_flop_per_s=1e12, mfu=0.5,
                            goodput_share=0.8)  # fmt: skip
    assert hours == pytest.approx(250)  # 3.6e18 / (10 x 1e12 x 0.5 x 0.8) s
    full = training.runs_device_hours(hours, device_count=10, run_count=3)
    assert full == pytest.approx(7_500)
    beside = training.experiment_device_hours(full, development_ratio=2.2)
    assert beside == pytest.approx(9_000)
    assert training.device_hours(full, beside) == pytest.approx(16_500)


def test_waiting_for_others_counts_from_the_second_device() -> None:
    shares = training_speed.mfu_of_many_devices(0.5, 0.9, np.array([1.0, 2.0, 64.0]))
    assert shares == pytest.approx([0.5, 0.45, 0.45])


def test_a_shape_without_embedding_scales_by_the_cube_root() -> None:
    assert scaling.width_ratio(8.0, 0.0) == pytest.approx(2.0)
    assert scaling.width_ratio(1e-6, 0.0) == pytest.approx(0.01)


@pytest.mark.parametrize("embedding_share", [0.01, 0.2, 0.5])
@pytest.mark.parametrize("size_ratio", [1e-3, 0.1, 1.0, 50.0, 1e4])
def test_a_scaled_shape_has_the_parameters_asked_for(
    embedding_share: float, size_ratio: float
) -> None:
    ratio = scaling.width_ratio(size_ratio, embedding_share)
    rebuilt = (1 - embedding_share) * ratio**3 + embedding_share * ratio
    assert rebuilt == pytest.approx(size_ratio, rel=1e-9)


def test_llama_3_8b_keeps_131072_bytes_of_cache_per_token() -> None:
    # 2 x 32 layers x 8 key-value heads x 128 wide x 2 bytes.
    assert scaling.kv_bytes_per_token_at_16_bit(32, 8, 128) == 131_072
    model = sized(Scenario(model="llama-3-8b"), catalogue.model("llama-3-8b"))
    assert model.kv_bytes_per_token_at_16_bit.value == 131_072


def test_latent_attention_keeps_what_its_configuration_says() -> None:
    # DeepSeek-V3: 61 layers x (512 + 64) values x 2 bytes.
    model = sized(Scenario(model="deepseek-v3"), catalogue.model("deepseek-v3"))
    assert model.kv_bytes_per_token_at_16_bit.value == 70_272


def test_mixed_precision_adam_keeps_18_bytes_a_parameter() -> None:
    per_parameter = memory.state_bytes_per_parameter(
        memory.HALF_WEIGHT_BYTES, memory.GRADIENT_BYTES, memory.OPTIMISER_BYTES["adamw"]
    )
    assert per_parameter == 18
    assert memory.sharded_state_bytes(8e9, per_parameter, 64) == pytest.approx(2.25e9)


def test_capital_is_recovered_with_interest() -> None:
    # 0.08 / (1 - 1.08^-5) = 0.08 / (1 - 0.6805832) = 0.2504565
    assert cost.capital_recovery_factor(0.08, 5.0) == pytest.approx(0.2504565, rel=1e-6)
    assert cost.capital_recovery_factor(0.0, 5.0) == pytest.approx(0.2)
    # Money that loses worth: -0.1 / (1 - 0.9^-2) = 0.4263158
    assert cost.capital_recovery_factor(-0.1, 2.0) == pytest.approx(0.4263158, rel=1e-6)


def test_a_quarter_of_a_million_recovered_over_a_year_of_hours() -> None:
    # 8,766 hours a year of 365.25 days.
    assert cost.owned_usd_per_device_hour(1e6, 0.25) == pytest.approx(250_000 / 8_766)
    assert cost.owned_hours(80.0, 0.8) == pytest.approx(100.0)


def test_the_rent_is_that_of_the_middle_seller() -> None:
    assert cost.median_usd_per_device_hour(a=2.0, b=3.0, c=11.0) == 3.0


def test_pue_is_counted_once() -> None:
    it_kwh = energy.it_energy_kwh(device_hours=1_000, it_power_w=energy.it_power_w(500, 0.4))
    assert it_kwh == pytest.approx(700)
    assert energy.facility_energy_kwh(it_kwh, 1.2) == pytest.approx(840)
    assert carbon.operational_kgco2e(840, carbon.bought_kgco2e_per_kwh(0.4, 0.25)) == (
        pytest.approx(252)
    )


def test_power_lies_between_idle_and_busy() -> None:
    assert energy.mean_power_w(700, 100, 0.25) == pytest.approx(250)


def test_egress_is_charged_tier_by_tier() -> None:
    # 60 TB: 10,000 GB at 0.09, 40,000 at 0.085, 10,000 at 0.07.
    starts, prices = np.array([0.0, 10_000.0, 50_000.0]), np.array([0.09, 0.085, 0.07])
    assert storage.egress_usd_per_month(60_000.0, starts, prices) == pytest.approx(5_000)
    assert storage.egress_usd_per_month(np.array([0.0, 1_000.0]), starts, prices) == (
        pytest.approx([0, 90])
    )


def test_what_a_seller_gives_free_is_not_charged() -> None:
    assert storage.egress_usd_per_month(9_000.0, np.array([10_000.0]), np.array([0.0085])) == 0


def test_no_more_checkpoints_are_kept_than_were_written() -> None:
    kept = storage.kept_checkpoint_count(
        time_h=np.array([1.0, 9.0, 100.0]),
        checkpoint_interval_hours=4.0,
        checkpoints_kept_count=5.0,
        training_run_count=1.0,
    )
    assert kept == pytest.approx([1, 2, 5])
    assert storage.kept_checkpoint_count(100.0, 4.0, 5.0, training_run_count=0.0) == 0


def test_a_replica_takes_a_power_of_two_or_whole_nodes() -> None:
    needed = np.array([10.0, 80.0, 81.0, 330.0, 641.0, 1_300.0])
    assert serving.devices_per_replica(needed, 80.0) == pytest.approx([1, 1, 2, 8, 16, 24])


def test_decoding_is_bound_by_the_slower_of_arithmetic_and_memory() -> None:
    # 16 GB of weights at 3.2 TB/s: 5 ms; 1.6e12 FLOP at 4e14 FLOP/s: 4 ms.
    assert serving.pass_time_s(1.6e12, 16e9, 1, 4e14, 3.2e12, 0.001) == pytest.approx(0.006)
    assert serving.pass_time_s(3.2e12, 16e9, 1, 4e14, 3.2e12, 0.001) == pytest.approx(0.009)


def test_more_sequences_touch_more_experts() -> None:
    # A quarter active: 1 - 0.75^2 = 0.4375 for two sequences.
    assert serving.touched_weight_bytes(100.0, 0.25, 1.0) == pytest.approx(25)
    assert serving.touched_weight_bytes(100.0, 0.25, 2.0) == pytest.approx(43.75)
    assert serving.touched_weight_bytes(100.0, 1.0, 1.0) == pytest.approx(100)


def test_replicas_are_whole_and_carry_the_busiest_hour() -> None:
    mean = serving.mean_requests_per_s(86_400.0)
    assert mean == pytest.approx(1)
    assert serving.replica_count(serving.peak_requests_per_s(mean, 2.5), 1.0) == 3
    assert serving.replica_count(0.0, 1.0) == 0


def test_a_full_batch_shares_the_writing_but_not_the_reading() -> None:
    # 10 requests: 10 x 0.1 s read, 100 tokens x 0.02 s written together.
    assert serving.generated_requests_per_s(10, 0.1, 0.02, 100) == pytest.approx(10 / 3)
    assert serving.generated_latency_s(0.1, 0.02, 100) == pytest.approx(2.1)


def test_chinchilla_has_the_loss_of_the_corrected_law() -> None:
    # 1.81686 + 482.006 / 70e9^0.34781 + 2085.434 / 1.4e12^0.36585 = 1.81686 + 0.0815 + 0.0751
    loss = quality_curves.pretraining_loss_nats(
        70e9, 1.4e12, 1.81686, 482.006, 2085.434, 0.34781, 0.36585
    )
    assert loss == pytest.approx(1.9734, abs=2e-4)


def test_repeats_count_less_and_less() -> None:
    # Muennighoff et al. 2023: 1 + 15.39 (1 - exp(-3 / 15.39)) = 3.72 passes' worth in four.
    tokens = quality_curves.effective_token_count(1.0, np.array([0.5, 1.0, 4.0]), 15.387756)
    assert tokens == pytest.approx([0.5e9, 1e9, 3.7255e9], rel=1e-3)


def test_compute_beyond_two_decades_outside_the_fit_has_no_score() -> None:
    away = quality_curves.outside_decade_count(np.array([1e17, 1e21, 1e24]), 1e20, 1e22)
    assert away == pytest.approx([3, 0, 2])
    score = quality_curves.score_share_in_range(np.array([0.3, 0.5, 0.9]), away)
    assert np.isnan(score[0])
    assert score[1:] == pytest.approx([0.5, 0.9])


def test_a_known_score_moves_along_the_curve() -> None:
    # The curve halves what is missed, 0.4 to 0.2; so does the model that misses 0.3.
    assert quality_curves.same_recipe_share(0.8, 0.6, 0.7, 1.0) == pytest.approx(0.85)


def test_a_step_without_arithmetic_is_launches_and_traffic() -> None:
    # (1 ms + 1e6 parameters x 36 bytes / 36e9 bytes/s = 1 ms) over 32 rows.
    time_s = item_times.unmeasured_time_s_per_row(1e6, 36, 36e9, 0.001, 32)
    assert time_s == pytest.approx(0.002 / 32)

"""What a server delivers where prompts are read on devices of their own, and what it draws."""

import numpy as np
import pytest

from engine.projection.serving_fit import serving_fit
from engine.projection.serving_passes import step_time
from engine.projection.serving_power import PowerShares, device_power_w
from engine.projection.serving_rates import served
from engine.projection.serving_sizes import Efficiencies, Serving, sizes
from engine.validation.rows import Row
from engine.validation.serving_rows import Reading, arrays, read

APART: Row = {
    "model": "openai/gpt-oss-120b",
    "hardware": "NVIDIA H200 SXM5",
    "n_devices": "8",
    "tp": "2",
    "engine": "SGLang (PD disaggregation)",
    "scenario": "closed loop, benchmark_serving",
    "batch_or_concurrency": "128",
}
LENGTHS = ((128, 2000), (2000, 500), (32_000, 1000), (32_000, 50))


def setting() -> tuple[Serving, Efficiencies]:
    found = [
        read({**APART, "input_len": str(given), "output_len": str(written)})
        for given, written in LENGTHS
    ]
    s, traits = arrays([one for one in found if isinstance(one, Reading)])
    return s, serving_fit("language").efficiencies(Efficiencies, traits)


def test_few_write_where_prompts_that_others_read_are_long() -> None:
    s, e = setting()
    writing = np.asarray(served(s, e).batch_count)
    assert writing[0] > 0.9 * 128
    assert writing[2] < writing[1]
    assert writing[3] < 0.25 * 128
    alone = step_time(s, e, sizes(s, e), np.maximum(writing, 1.0)).time_s
    assert served(s, e).token_s == pytest.approx(alone * e.setting_time_ratio)


def test_every_sequence_of_a_closed_loop_writes_is_read_or_waits() -> None:
    s, e = setting()
    out = served(s, e)
    written_s = out.token_s * s.output_tokens
    inside = out.requests_per_s * written_s / s.replica_count
    assert inside == pytest.approx(out.batch_count, rel=0.01)
    # The first token comes with what is read, waited for and made ready.
    waiting = out.requests_per_s * out.first_token_s
    assert np.all(inside + waiting >= 0.95 * s.concurrency)


def power_w(shares: PowerShares, expert_count: float, bytes_per_weight: float) -> float:
    busy = (0.5, 0.3, 0.2, 0.1)
    return float(device_power_w(shares, 700.0, *busy, expert_count, bytes_per_weight))


def test_only_experts_of_eight_bits_draw_as_much_more() -> None:
    shares = PowerShares(0.2, 0.9, 1.0, 1.0, 1.0, 1.0, 1.1, 1.2)
    dense = power_w(shares, 0.0, 2.0)
    assert power_w(shares, 0.0, 1.0) == dense
    assert power_w(shares, 128.0, 2.0) == pytest.approx(1.1 * dense)
    assert power_w(shares, 128.0, 1.0) == pytest.approx(1.1 * 1.2 * dense)
    # Eight-bit integers with their scales are no eight-bit floats.
    assert power_w(shares, 128.0, 8.3 / 8) == pytest.approx(1.1 * dense)


def test_no_device_draws_more_than_its_design_power() -> None:
    shares = PowerShares(0.3, 1.0, 9.0, 9.0, 9.0, 9.0, 1.1, 1.2)
    assert power_w(shares, 128.0, 1.0) == 700.0

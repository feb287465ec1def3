"""Sizes of serving a language model: what is kept of a sequence."""

import numpy as np
import pytest

from engine.projection.serving_fit import serving_fit
from engine.projection.serving_passes import step_time
from engine.projection.serving_sizes import Efficiencies, Serving, cache_bytes, sizes
from engine.validation.rows import Row
from engine.validation.serving_rows import Reading, arrays, read

NEMOTRON: Row = {
    "model": "nvidia/NVIDIA-Nemotron-Nano-9B-v2",
    "precision_weights": "bfloat16",
    "hardware": "NVIDIA B200",
    "n_devices": "1",
    "tp": "1",
    "engine": "vLLM",
    "scenario": "steady-state serving, task gpqa",
    "output_len": "1000",
    "batch_or_concurrency": "64",
}


def setting(row: Row) -> tuple[Serving, Efficiencies]:
    found = read(row)
    assert isinstance(found, Reading)
    s, traits = arrays([found])
    return s, serving_fit("language").efficiencies(Efficiencies, traits)


def test_recurrent_layers_keep_as_much_of_a_long_sequence_as_of_a_short_one() -> None:
    s, _ = setting(NEMOTRON)
    # Its config.json: 27 recurrent layers of 128 heads, 80 wide, 128 states each; at 16 bits.
    assert s.state_bytes == pytest.approx(27 * 128 * 80 * 128 * 2)
    per_token = 4 * 2 * 8 * 128 * 2
    assert cache_bytes(s, 2000.0) - cache_bytes(s, 1000.0) == pytest.approx(1000 * per_token)


def test_states_are_read_and_written_back_each_step() -> None:
    s, e = setting(NEMOTRON)
    without = s._replace(state_bytes=np.zeros(1))
    z = sizes(s, e)
    more_s = step_time(s, e, z, 64.0).cache_s - step_time(without, e, z, 64.0).cache_s
    rate = s.bandwidth_bytes_per_s * e.cache_bandwidth_share
    assert more_s == pytest.approx(2 * 64 * s.state_bytes / rate)

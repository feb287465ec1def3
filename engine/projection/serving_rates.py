"""What a server of a language model delivers: rates, times, power, memory.

Three ways to ask: everything at once (static batches, or as many as memory holds), a fixed
number of users who each ask again when answered (closed loop), or one at a time.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.elementwise import Condition, anywhere, is_nan, maximum, minimum, where
from engine.projection.serving_passes import (
    Pass,
    prompt_time_s,
    shared_prompt_time_s,
    step_time,
)
from engine.projection.serving_sizes import (
    REFERENCE_YEAR,
    Efficiencies,
    Serving,
    Sizes,
    batch_that_fits,
    cache_bytes,
    sizes,
)
from engine.units import Float

WHOLE_BATCH = 1e9
"""Sequences on offer when a setting names no number of them."""
LIMIT_SHARPNESS = 4.0
"""How sharply the largest batch an engine runs caps what memory would hold."""
SUPPLY_ROUNDS = 5
"""Times that sequences which write, and the step they make longer, are worked out in turn."""


class Served(NamedTuple):
    """What comes out, of all replicas together."""

    requests_per_s: Float
    output_tokens_per_s: Float
    total_tokens_per_s: Float
    first_token_s: Float
    """Waiting for a place included."""
    token_s: Float
    """Between tokens of one request."""
    latency_s: Float
    memory_bytes: Float
    """In use on all devices: weights and the cache of the running batch."""
    batch_count: Float
    """Sequences running on one replica."""
    weights_share: Float
    """Share of a step that reading the weights alone would take; likewise below."""
    cache_share: Float
    compute_share: Float
    prompt_share: Float
    """Share of the time spent on prompts."""


class _Times(NamedTuple):
    batch_count: Float
    asked_count: Float
    step: Pass
    step_s: Float
    prompt_s: Float
    shared_prompt_s: Float
    own_prompt_s: Float
    """Of one prompt alone, on the devices that read prompts."""


def served(s: Serving, e: Efficiencies, cached_input_share: Float = 0.0) -> Served:
    """What comes out of a setting; some of every prompt may be in the cache already."""
    z = sizes(s, e, cached_input_share)
    t = _times(s, e, z)
    token_s = _token_s(s, e, z, t)
    first_token_s = _first_token_s(s, e, z, t, token_s)
    requests_per_s = _requests_per_s(s, e, z, t, token_s)
    prompts_s = t.batch_count * t.shared_prompt_s
    return Served(
        requests_per_s=requests_per_s,
        output_tokens_per_s=_output_tokens_per_s(s, e, z, t, requests_per_s),
        total_tokens_per_s=_total_tokens_per_s(s, e, z, t, requests_per_s),
        first_token_s=first_token_s,
        token_s=token_s * where(_is_loop(s), e.setting_time_ratio, 1.0),
        latency_s=_latency_s(s, e, z, t, token_s, first_token_s),
        memory_bytes=_memory_bytes(s, z, t),
        batch_count=t.batch_count,
        weights_share=t.step.weights_s / t.step_s,
        cache_share=t.step.cache_s / t.step_s,
        compute_share=t.step.compute_s / t.step_s,
        prompt_share=prompts_s / (prompts_s + z.output_tokens * t.step_s),
    )


def latency_s(s: Serving, e: Efficiencies, cached_input_share: Float = 0.0) -> Float:
    """Seconds from question to last token: that part of `served` alone."""
    z = sizes(s, e, cached_input_share)
    t = _times(s, e, z)
    token_s = _token_s(s, e, z, t)
    return _latency_s(s, e, z, t, token_s, _first_token_s(s, e, z, t, token_s))


def _is_loop(s: Serving) -> Condition:
    return s.is_closed_loop + s.is_steady > 0


def _batch(s: Serving, e: Efficiencies, z: Sizes) -> tuple[Float, Float]:
    fits = batch_that_fits(s, e, z)
    unlimited = is_nan(s.concurrency)
    asked = where(unlimited, WHOLE_BATCH, s.concurrency / s.replica_count)
    limited = minimum(asked, fits)
    smooth = (limited**-LIMIT_SHARPNESS + e.largest_batch_count**-LIMIT_SHARPNESS) ** (
        -1.0 / LIMIT_SHARPNESS
    )
    running = where(unlimited, smooth, limited)
    return maximum(running, minimum(asked, 1.0)), asked


def _times(s: Serving, e: Efficiencies, z: Sizes) -> _Times:
    running, asked = _batch(s, e, z)
    prompt_s = prompt_time_s(s, e, z)
    readers = maximum(s.group_device_count - z.device_count, 1.0)
    slower = where(s.is_disaggregated > 0, z.device_count / readers, 1.0)
    batch = _writing_count(s, e, z, running, prompt_s * slower, slower)
    step = step_time(s, e, z, maximum(batch, minimum(running, 1.0)))
    return _Times(
        batch_count=batch,
        asked_count=asked,
        step=step,
        step_s=step.time_s,
        prompt_s=prompt_s,
        shared_prompt_s=shared_prompt_time_s(s, e, z, batch),
        own_prompt_s=prompt_s * slower * e.first_token_prefill_ratio,
    )


def _writing_count(
    s: Serving, e: Efficiencies, z: Sizes, running: Float, alone_s: Float, slower: Float
) -> Float:
    """Of the running sequences those that write, while others are read on devices of their own.

    Nothing writes faster than prompts are read, so that few write where prompts are long.

    Source: Little 1961, https://doi.org/10.1287/opre.9.3.383
    """
    apart = s.is_disaggregated * s.is_closed_loop > 0
    if not anywhere(apart):
        return running
    each_s = shared_prompt_time_s(s, e, z, running) * slower
    writing = running
    for _ in range(SUPPLY_ROUNDS):
        written_s = z.output_tokens * step_time(s, e, z, maximum(writing, 1.0)).time_s
        between_s = maximum((alone_s + written_s) / running, each_s)
        writing = minimum(written_s / between_s, running)
    return where(apart, writing, running)


def _token_s(s: Serving, e: Efficiencies, z: Sizes, t: _Times) -> Float:
    others_s = (t.batch_count - 1.0) * t.shared_prompt_s * e.prefill_interference_ratio
    between_s = where(s.is_disaggregated > 0, 0.0, others_s / z.output_tokens)
    return t.step_s + where(s.is_closed_loop > 0, between_s, 0.0)


def _batch_s(s: Serving, e: Efficiencies, z: Sizes, t: _Times) -> Float:
    """Seconds from a batch's start to its end when all start together."""
    whole = t.batch_count * t.shared_prompt_s + (z.output_tokens - 1.0) * t.step_s
    return where(s.is_prompt_only > 0, t.prompt_s, whole) * e.setting_time_ratio


def _requests_per_s(s: Serving, e: Efficiencies, z: Sizes, t: _Times, token_s: Float) -> Float:
    prompts_s = t.batch_count * t.shared_prompt_s * e.prefill_interference_ratio
    read_s = where(s.is_disaggregated > 0, 0.0, t.prompt_s)
    looped_s = token_s * z.output_tokens + read_s
    steady_s = t.step_s * z.output_tokens + prompts_s
    loop_s = where(s.is_closed_loop > 0, looped_s, steady_s) * e.setting_time_ratio
    each_s = where(_is_loop(s), loop_s, _batch_s(s, e, z, t))
    return s.replica_count * t.batch_count / each_s


def _output_tokens_per_s(
    s: Serving, e: Efficiencies, z: Sizes, t: _Times, requests_per_s: Float
) -> Float:
    alone = s.replica_count * t.batch_count / (t.step_s * e.setting_time_ratio)
    return where(s.is_single > 0, alone, requests_per_s * z.output_tokens)


def _total_tokens_per_s(
    s: Serving, e: Efficiencies, z: Sizes, t: _Times, requests_per_s: Float
) -> Float:
    read = where(is_nan(s.concurrency), 1.0, s.concurrency) * z.input_tokens
    prompts_only = read / (t.prompt_s * e.setting_time_ratio)
    both = requests_per_s * (z.input_tokens + z.output_tokens)
    return where(s.is_prompt_only > 0, prompts_only, both)


def _first_token_s(s: Serving, e: Efficiencies, z: Sizes, t: _Times, token_s: Float) -> Float:
    alone_s = t.prompt_s * e.setting_time_ratio
    reads_s = t.batch_count * t.shared_prompt_s * t.own_prompt_s
    reads_s = reads_s / maximum(t.prompt_s * e.first_token_prefill_ratio, 1e-12)
    load = reads_s / (reads_s + z.output_tokens * t.step_s)
    ahead_s = e.queue_share * reads_s * load**e.queue_exponent
    next_step_s = where(s.is_disaggregated > 0, 0.0, t.step_s)
    ready_s = e.first_token_overhead_s * (e.overhead_ratio_per_year ** (s.year - REFERENCE_YEAR))
    answer_s = (ready_s + t.own_prompt_s + next_step_s + ahead_s) * e.setting_time_ratio
    all_s = (token_s * z.output_tokens + t.own_prompt_s) * e.setting_time_ratio
    places = maximum(t.asked_count - t.batch_count, 0.0) / maximum(t.batch_count, 1.0)
    waiting_s = where(is_nan(s.concurrency), 0.0, places * all_s)
    # Apart from the writers, those that do not write are read or wait: longer than one is read.
    apart_s = (t.asked_count / t.batch_count - 1.0) * token_s * z.output_tokens - t.own_prompt_s
    waiting_s = where(
        s.is_disaggregated > 0, maximum(apart_s, 0.0) * e.setting_time_ratio, waiting_s
    )
    waiting_s = where(s.is_closed_loop > 0, waiting_s, 0.0)
    return where(s.is_prompt_only > 0, alone_s, answer_s + waiting_s)


def _latency_s(
    s: Serving, e: Efficiencies, z: Sizes, t: _Times, token_s: Float, first_token_s: Float
) -> Float:
    rounds = where(is_nan(s.concurrency), 1.0, maximum(t.asked_count / t.batch_count, 1.0))
    together_s = rounds * _batch_s(s, e, z, t)
    looped_s = first_token_s + token_s * e.setting_time_ratio * (z.output_tokens - 1.0)
    return where(_is_loop(s), looped_s, together_s)


def _memory_bytes(s: Serving, z: Sizes, t: _Times) -> Float:
    weights = s.parameter_count * s.bytes_per_weight
    held = t.batch_count * cache_bytes(s, z.input_tokens + z.output_tokens)
    return s.replica_count * (weights + held)

"""One replica by arithmetic, memory and overheads alone: what no published fit reaches.

Measurements of one's own on the same device replace the assumptions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.elementwise import everywhere
from engine.projection import memory, scaling, serving, serving_choice
from engine.projection.hardware import Device
from engine.projection.serving_setting import written_tokens
from engine.projection.serving_speed import (
    Ratios,
    Speed,
    not_generating,
    picked_batch,
    ranged,
    usual_batch_count,
)
from engine.projection.sized import Sized, attention_flop
from engine.projection.working import assumed, chosen, derive, known_fact, unknown
from engine.records import Estimate, Note
from engine.scenario import Scenario
from engine.units import BYTES_PER_VALUE, Float


@dataclass(frozen=True, slots=True)
class _Replica:
    """One replica's model and speed, shared by the passes it makes."""

    scenario: Scenario
    model: Sized
    device: Device
    weight_bytes: Estimate
    cache_bytes_per_token: Estimate
    device_count: Estimate

    def pass_time(self, flop: Estimate, moved_bytes: Estimate, sequences: Estimate) -> Estimate:
        """Seconds of one pass."""
        return derive(
            serving.pass_time_s,
            flop=flop,
            moved_bytes=moved_bytes,
            device_count=self.device_count,
            flop_per_s=_flop_per_s(self.device, self.scenario.serving_precision),
            bandwidth_bytes_per_s=self.device.bandwidth_bytes_per_s,
            overhead_s=self._overhead(sequences),
        )

    def _overhead(self, sequences: Estimate) -> Estimate:
        layers = self.model.layer_count
        return derive(
            serving.pass_overhead_s,
            step_overhead_s=_step_overhead(self.model, self.device),
            sequence_overhead_s=assumed("serving_sequence_overhead_s"),
            sequence_count=sequences,
            all_reduce_s=assumed("serving_all_reduce_s"),
            layer_count=layers if layers.known else chosen(0.0),
            device_count=self.device_count,
        )

    def read_time(self, requests: Estimate) -> Estimate:
        """Seconds to pass the input of some requests forward, together."""
        inputs = chosen(self.scenario.input_items_per_request)
        flop = derive(
            serving.batch_flop,
            flop_per_item=input_flop(self.model, inputs),
            item_count=derive(
                serving.input_item_count, request_count=requests, input_item_count=self._unread()
            ),
        )
        return self.pass_time(flop, self._multiplied(), requests)

    def _multiplied(self) -> Estimate:
        known = self.model.known
        if known.embedding_parameters_billion is None:
            return self.weight_bytes
        share = derive(
            scaling.size_ratio,
            parameter_count=known_fact(known.embedding_parameters_billion, known.sources),
            known_parameter_count=known_fact(known.parameters_billion, known.sources),
        )
        return derive(
            serving.multiplied_weight_bytes, weight_bytes=self.weight_bytes, embedding_share=share
        )

    def _unread(self) -> Estimate:
        inputs = chosen(self.scenario.input_items_per_request)
        share = self.scenario.prefix_cache_hit_share
        if not self.model.generates or everywhere(share == 0):
            return inputs
        return derive(
            serving.unread_item_count,
            input_item_count=inputs,
            prefix_cache_hit_share=chosen(share),
        )

    def write_time(self, sequences: Estimate) -> Estimate:
        """Seconds to write one token of each sequence."""
        context = derive(
            serving.mean_context_tokens,
            input_tokens=chosen(self.scenario.input_items_per_request),
            output_tokens=chosen(written_tokens(self.scenario)),
        )
        moved = derive(
            serving.decode_bytes,
            touched_weight_bytes=self._touched(sequences),
            cache_bytes_per_token=self.cache_bytes_per_token,
            sequence_count=sequences,
            context_tokens=context,
        )
        flop = derive(
            serving.batch_flop,
            flop_per_item=_output_flop(self.model, context),
            item_count=sequences,
        )
        return self.pass_time(flop, moved, sequences)

    def _touched(self, sequences: Estimate) -> Estimate:
        share = derive(
            serving.active_share,
            active_parameter_count=self.model.active_parameter_count,
            parameter_count=self.model.parameter_count,
        )
        return derive(
            serving.touched_weight_bytes,
            weight_bytes=self.weight_bytes,
            active_share=share,
            sequence_count=sequences,
        )


def speed(scenario: Scenario, model: Sized, device: Device) -> Speed:
    """One replica by arithmetic, memory and overheads, or by what was measured of them."""
    replica = _replica(scenario, model, device)
    inputs, limit = chosen(scenario.input_items_per_request), _limit(replica, device)
    picked = _picked(replica, device)
    batch = _batch_count(scenario)
    if picked is not None:
        batch = picked_batch(scenario, picked.batch_count, limit)
    together = _times(replica, batch)
    alone = _times(replica, chosen(1.0))
    found = Speed(
        devices_per_replica=replica.device_count,
        batch_count=batch,
        batch_limit_count=limit,
        requests_per_s=together.requests_per_s,
        alone_s=alone.latency_s,
        latency_s=together.latency_s,
        ttft_s=together.ttft_s,
        tpot_s=together.tpot_s,
        input_time_share=together.input_time_share,
        weight_bytes=replica.weight_bytes,
        cache_bytes=derive(
            serving.full_cache_bytes,
            cache_bytes_per_token=replica.cache_bytes_per_token,
            batch_count=batch,
            input_tokens=inputs,
            output_tokens=chosen(written_tokens(scenario)),
        ),
        temporary_bytes=unknown("activations of this kind of serving were not measured"),
        cache_bytes_per_token=replica.cache_bytes_per_token,
        device_power_w=None,
        notes=() if picked is None else picked.notes(scenario),
    )
    if device.evidence is not None and device.evidence.prefills:
        return found
    return _unfitted(found, model)


@dataclass(frozen=True, slots=True)
class _Times:
    requests_per_s: Estimate
    latency_s: Estimate
    ttft_s: Estimate
    tpot_s: Estimate
    input_time_share: Estimate


def _times(replica: _Replica, batch: Estimate) -> _Times:
    if not replica.model.generates:
        pass_s = replica.read_time(batch)
        rate = derive(serving.answered_requests_per_s, batch_count=batch, pass_time_s=pass_s)
        none = not_generating()
        return _Times(rate, pass_s, none, none, chosen(1.0))
    read_s, write_s = replica.read_time(chosen(1.0)), replica.write_time(batch)
    output = chosen(written_tokens(replica.scenario))
    parts = {
        "batch_count": batch,
        "prefill_time_s": read_s,
        "decode_time_s": write_s,
        "output_tokens": output,
    }
    once = {"prefill_time_s": read_s, "decode_time_s": write_s}
    return _Times(
        requests_per_s=derive(serving.generated_requests_per_s, **parts),
        latency_s=derive(serving.generated_latency_s, **once, output_tokens=output),
        ttft_s=derive(serving.first_token_s, **once),
        tpot_s=write_s,
        input_time_share=derive(serving.prefill_time_share, **parts),
    )


def _picked(replica: _Replica, device: Device) -> serving_choice.Choice | None:
    """The batch for the load and its goals; None where it follows from no number."""
    scenario, weights = replica.scenario, replica.weight_bytes.value
    devices, usable = replica.device_count.value, memory.usable(device).value
    each = derive(
        serving.full_cache_bytes,
        cache_bytes_per_token=replica.cache_bytes_per_token,
        batch_count=chosen(1.0),
        input_tokens=chosen(scenario.input_items_per_request),
        output_tokens=chosen(written_tokens(scenario)),
    ).value
    known = _answered(_times(replica, chosen(1.0))) is not None
    if weights is None or devices is None or usable is None or each is None or not known:
        return None
    fits = serving_choice.Fits(weights, each, usable, np.inf)

    def answered(batch_count: Float) -> serving_choice.Answered:
        found = _answered(_times(replica, chosen(batch_count)))
        assert found is not None
        return found

    return serving_choice.batch_choice(scenario, answered, fits, devices)


def _answered(times: _Times) -> serving_choice.Answered | None:
    rate, latency_s = times.requests_per_s.value, times.latency_s.value
    if rate is None or latency_s is None:
        return None
    first_s, token_s = times.ttft_s.value, times.tpot_s.value
    return serving_choice.Answered(
        rate,
        latency_s if first_s is None else first_s,
        0.0 if token_s is None else token_s,
        latency_s,
    )


def _limit(replica: _Replica, device: Device) -> Estimate:
    if not replica.model.generates:
        return unknown("what one more request takes of the memory is not known")
    return derive(
        serving.batch_limit_count,
        usable_bytes=memory.usable(device),
        device_count=replica.device_count,
        weight_bytes=replica.weight_bytes,
        cache_bytes_per_token=replica.cache_bytes_per_token,
        input_tokens=chosen(replica.scenario.input_items_per_request),
        output_tokens=chosen(written_tokens(replica.scenario)),
    )


def _unfitted(found: Speed, model: Sized) -> Speed:
    """The same with the range of what no published measurement was fitted for."""
    ratio = assumed("serving_unfitted_ratio")
    assert ratio.low is not None
    assert ratio.high is not None
    rate = Ratios(ratio.low, ratio.high)
    return replace(
        found,
        requests_per_s=ranged(found.requests_per_s, rate),
        alone_s=ranged(found.alone_s, rate.inverse),
        latency_s=ranged(found.latency_s, rate.inverse),
        ttft_s=ranged(found.ttft_s, rate.inverse),
        tpot_s=ranged(found.tpot_s, rate.inverse),
        notes=(Note("serving-not-fitted", {"trait": model.known.family}), *found.notes),
    )


def _replica(scenario: Scenario, model: Sized, device: Device) -> _Replica:
    bytes_per_value = chosen(BYTES_PER_VALUE[scenario.serving_precision])
    weights = derive(
        serving.weight_bytes, parameter_count=model.parameter_count, bytes_per_value=bytes_per_value
    )
    cache = _cache(scenario, model) if model.generates else chosen(0.0)
    needed = derive(
        serving.replica_bytes,
        weight_bytes=weights,
        cache_bytes_per_token=cache,
        batch_count=_least_batch(scenario),
        input_tokens=chosen(scenario.input_items_per_request),
        output_tokens=chosen(written_tokens(scenario)),
    )
    devices = _devices(scenario, needed, device)
    return _Replica(scenario, model, device, weights, cache, devices)


def _cache(scenario: Scenario, model: Sized) -> Estimate:
    """Attention cache of a token, at the precision chosen for it."""
    kept = {"kv_bytes_per_token_at_16_bit": model.kv_bytes_per_token_at_16_bit}
    if scenario.cache_precision is None:
        wide = chosen(BYTES_PER_VALUE[scenario.serving_precision])
        return derive(serving.cache_bytes_per_token, **kept, bytes_per_value=wide)
    narrow = chosen(BYTES_PER_VALUE[scenario.cache_precision])
    return derive(serving.kept_bytes_per_token, **kept, bytes_per_value=narrow)


def _devices(scenario: Scenario, needed_bytes: Estimate, device: Device) -> Estimate:
    """Devices of a replica: as its widths are chosen, else the fewest that hold it."""
    pipeline = scenario.serving_pipeline_parallel_count
    alone, usable = everywhere(pipeline == 1), memory.usable(device)
    if scenario.serving_tensor_parallel_count is not None:
        return chosen(scenario.serving_tensor_parallel_count * pipeline)
    if alone:
        return derive(serving.devices_per_replica, replica_bytes=needed_bytes, usable_bytes=usable)
    stage = derive(serving.stage_bytes, replica_bytes=needed_bytes, pipeline_count=chosen(pipeline))
    return derive(
        serving.device_count,
        replica_count=chosen(pipeline),
        devices_per_replica=derive(
            serving.devices_per_replica, replica_bytes=stage, usable_bytes=usable
        ),
    )


def _least_batch(scenario: Scenario) -> Estimate:
    """The batch that devices are counted for; where goals decide on it, a single request."""
    open_batch = scenario.serving_batch_count is None and serving_choice.has_goals(scenario)
    return chosen(1.0) if open_batch else _batch_count(scenario)


def _batch_count(scenario: Scenario) -> Estimate:
    count = scenario.serving_batch_count
    return usual_batch_count() if count is None else chosen(count)


def input_flop(model: Sized, input_tokens: Estimate) -> Estimate:
    """FLOP for one input item to pass forward, attention over this input's own length."""
    if not model.is_transformer or model.known.forward_gflop_per_item is not None:
        return model.forward_flop_per_item
    return derive(
        scaling.forward_flop_per_item,
        parameter_flop=_parameter_flop(model),
        attention_flop=attention_flop(model, input_tokens),
    )


def _output_flop(model: Sized, context_tokens: Estimate) -> Estimate:
    if not model.is_transformer or model.known.forward_gflop_per_item is not None:
        return model.forward_flop_per_item
    attention = derive(
        scaling.full_attention_flop_per_token,
        layer_count=model.layer_count,
        attention_size=model.attention_size,
        sequence_tokens=context_tokens,
    )
    return derive(
        scaling.forward_flop_per_item,
        parameter_flop=_parameter_flop(model),
        attention_flop=attention,
    )


def _parameter_flop(model: Sized) -> Estimate:
    return derive(
        scaling.forward_flop_per_parameter, active_parameter_count=model.active_parameter_count
    )


def _flop_per_s(device: Device, precision: str) -> Estimate:
    """Rate of inference: measured at this precision, else at another, else from matrix products."""
    matmul = device.matmul_flop_per_s(precision)
    lines = device.evidence.prefills if device.evidence else {}
    measured_at = precision if precision in lines else next(iter(lines), None)
    if measured_at is None or device.evidence is None:
        return derive(
            serving.serving_flop_per_s,
            matmul_flop_per_s=matmul,
            serving_share=assumed("serving_matmul_share"),
            matmul_share=assumed("matmul_share"),
        )
    rate = lines[measured_at].work_per_s
    measured = Estimate(rate, "fitted", source=device.evidence.source)
    if measured_at == precision:
        return measured
    return derive(
        serving.measured_flop_per_s,
        prefill_flop_per_s=measured,
        matmul_flop_per_s=matmul,
        prefill_matmul_flop_per_s=device.matmul_flop_per_s(measured_at),
    )


def _step_overhead(model: Sized, device: Device) -> Estimate:
    per_layer = device.evidence.launch_time_s_per_layer if device.evidence else None
    if per_layer is None or not model.layer_count.known:
        return assumed("serving_step_overhead_s")
    return derive(
        serving.launch_time_s, layer_count=model.layer_count, launch_time_s_per_layer=per_layer
    )

"""The replicas that serve a load: how fast one is, of how many devices, and how many of them."""

from __future__ import annotations

from dataclasses import dataclass

from engine.projection import memory, scaling, serving
from engine.projection.hardware import Device
from engine.projection.sized import Sized, attention_flop, forward_flop
from engine.projection.working import assumed, chosen, derive
from engine.records import Estimate
from engine.scenario import Scenario
from engine.units import BYTES_PER_VALUE


@dataclass(frozen=True, slots=True)
class Service:
    """Serving before money."""

    devices_per_replica: Estimate
    requests_per_s_per_replica: Estimate
    mean_requests_per_s: Estimate
    peak_requests_per_s: Estimate
    replica_count: Estimate
    device_count: Estimate
    latency_s: Estimate
    busy_share: Estimate


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
            flop_per_item=_input_flop(self.model, inputs),
            item_count=derive(
                serving.input_item_count, request_count=requests, input_item_count=inputs
            ),
        )
        return self.pass_time(flop, self.weight_bytes, requests)

    def write_time(self, sequences: Estimate) -> Estimate:
        """Seconds to write one token of each sequence."""
        context = derive(
            serving.mean_context_tokens,
            input_tokens=chosen(self.scenario.input_items_per_request),
            output_tokens=chosen(self.scenario.output_items_per_request),
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


def service(scenario: Scenario, model: Sized, device: Device) -> Service:
    """Speed and size of what serves the scenario's load."""
    replica = _replica(scenario, model, device)
    throughput, latency = _speed(replica)
    mean = derive(serving.mean_requests_per_s, requests_per_day=chosen(scenario.requests_per_day))
    peak = derive(
        serving.peak_requests_per_s,
        mean_requests_per_s=mean,
        peak_to_mean_ratio=chosen(scenario.peak_to_mean_ratio),
    )
    replicas = derive(
        serving.replica_count, peak_requests_per_s=peak, requests_per_s_per_replica=throughput
    )
    return Service(
        devices_per_replica=replica.device_count,
        requests_per_s_per_replica=throughput,
        mean_requests_per_s=mean,
        peak_requests_per_s=peak,
        replica_count=replicas,
        device_count=derive(
            serving.device_count, replica_count=replicas, devices_per_replica=replica.device_count
        ),
        latency_s=latency,
        busy_share=derive(
            serving.busy_share,
            mean_requests_per_s=mean,
            replica_count=replicas,
            requests_per_s_per_replica=throughput,
        ),
    )


def _replica(scenario: Scenario, model: Sized, device: Device) -> _Replica:
    bytes_per_value = chosen(BYTES_PER_VALUE[scenario.serving_precision])
    weights = derive(
        serving.weight_bytes, parameter_count=model.parameter_count, bytes_per_value=bytes_per_value
    )
    cache = chosen(0.0)
    if model.generates:
        cache = derive(
            serving.cache_bytes_per_token,
            kv_bytes_per_token_at_16_bit=model.kv_bytes_per_token_at_16_bit,
            bytes_per_value=bytes_per_value,
        )
    needed = derive(
        serving.replica_bytes,
        weight_bytes=weights,
        cache_bytes_per_token=cache,
        batch_count=chosen(scenario.serving_batch_count),
        input_tokens=chosen(scenario.input_items_per_request),
        output_tokens=chosen(scenario.output_items_per_request),
    )
    devices = derive(
        serving.devices_per_replica, replica_bytes=needed, usable_bytes=memory.usable(device)
    )
    return _Replica(scenario, model, device, weights, cache, devices)


def _speed(replica: _Replica) -> tuple[Estimate, Estimate]:
    """Requests per second with a full batch, and latency of a request alone."""
    one, batch = chosen(1.0), chosen(replica.scenario.serving_batch_count)
    read_one = replica.read_time(one)
    if not replica.model.generates:
        together = replica.read_time(batch)
        return derive(
            serving.answered_requests_per_s, batch_count=batch, pass_time_s=together
        ), read_one
    output = chosen(replica.scenario.output_items_per_request)
    throughput = derive(
        serving.generated_requests_per_s,
        batch_count=batch,
        prefill_time_s=read_one,
        decode_time_s=replica.write_time(batch),
        output_tokens=output,
    )
    latency = derive(
        serving.generated_latency_s,
        prefill_time_s=read_one,
        decode_time_s=replica.write_time(one),
        output_tokens=output,
    )
    return throughput, latency


def _input_flop(model: Sized, input_tokens: Estimate) -> Estimate:
    """FLOP for one input item to pass forward, attention over this input's own length."""
    if not model.is_transformer or model.known.forward_gflop_per_item is not None:
        return forward_flop(model)
    return derive(
        scaling.forward_flop_per_item,
        parameter_flop=_parameter_flop(model),
        attention_flop=attention_flop(model, input_tokens),
    )


def _output_flop(model: Sized, context_tokens: Estimate) -> Estimate:
    if not model.is_transformer or model.known.forward_gflop_per_item is not None:
        return forward_flop(model)
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

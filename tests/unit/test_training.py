"""Any family is trained by any recipe, and found again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
import torch

from engine.measurement import execution, training
from engine.measurement.execution import is_native, one_thread
from engine.measurement.families.base import Activation, Data, Optimiser, Recipe, Split
from engine.measurement.optimisers import optimiser_of, pace
from engine.measurement.phases import SHARES
from engine.measurement.recipes import examples_of, family_of, untrained
from engine.measurement.training import kept_path, train, trained
from engine.records import BadInput, CannotContinue, Epoch
from tests.families import Points, add_points

CPU = torch.device("cpu")
RECIPE = Recipe("points", 8)


@pytest.fixture(autouse=True)
def points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Points:
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    return add_points(monkeypatch)


def weights(model: torch.nn.Module) -> torch.Tensor:
    return torch.cat([value.flatten().float() for value in model.state_dict().values()])


def test_it_learns_and_says_what_it_took() -> None:
    seen: list[Epoch] = []
    result = train(RECIPE, CPU, seen.append)
    assert result.metrics["accuracy_share"] > 0.9
    assert [epoch.number for epoch in seen] == [1, 2, 3]
    assert seen == result.epochs
    assert seen[-1].train_loss_nats < seen[0].train_loss_nats
    # 300 examples make 18 full batches of 16.
    assert result.step_count == 3 * 18
    assert result.step_times_s == [epoch.time_s / 18 for epoch in seen]
    # Dense 2 -> 8, norm, dense 8 -> 2.
    assert result.parameter_count == 2 * 8 + 8 + 2 * 8 + 8 * 2 + 2
    assert result.compile_s is None
    assert result.best_epoch_number == 3


def test_the_parts_of_a_step_make_the_whole() -> None:
    shares = train(RECIPE, CPU).shares
    assert tuple(shares) == SHARES
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) > 0


@pytest.mark.parametrize("optimiser", get_args(Optimiser))
def test_every_optimiser_lowers_the_loss(optimiser: Optimiser) -> None:
    epochs = train(Recipe("points", 8, optimiser=optimiser, epoch_count=4), CPU).epochs
    assert len(epochs) == 4
    assert epochs[-1].held_out_loss_nats < epochs[0].held_out_loss_nats


@pytest.mark.parametrize("activation", get_args(Activation))
def test_every_activation_gives_another_model(activation: Activation) -> None:
    changed = train(replace(RECIPE, activation=activation), CPU).model
    same = torch.equal(weights(changed), weights(train(RECIPE, CPU).model))
    assert same == (activation == RECIPE.activation)


def test_the_learning_rate_rises_at_first_and_falls_to_nothing() -> None:
    rates: list[float] = []
    rule = optimiser_of("adamw", untrained(RECIPE), 1.0)
    for done_share in (0.0, 0.05, 0.1, 0.55, 1.0):
        pace(rule, 2.0, done_share)
        rates += [group["lr"] for group in rule.param_groups]
    assert rates == pytest.approx([0.0, 1.0, 2.0, 1.0, 0.0])


def test_a_training_goes_through_all_its_rates_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shares: list[float] = []
    monkeypatch.setattr(training.Run, "pace", lambda run, share: shares.append(share))
    assert train(RECIPE, CPU).step_count == len(shares)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == pytest.approx((0.5 / 54, 53.5 / 54))


def test_equal_recipes_give_equal_models_and_other_seeds_others() -> None:
    one, same, other = (weights(train(replace(RECIPE, seed=seed), CPU).model) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_training_leaves_threads_and_chance_as_they_were() -> None:
    torch.manual_seed(5)
    chance = torch.get_rng_state()
    threads = torch.get_num_threads()
    train(RECIPE, CPU)
    assert torch.equal(torch.get_rng_state(), chance)
    assert torch.get_num_threads() == threads
    with one_thread(CPU):
        assert torch.get_num_threads() == 1


def test_fewer_examples_are_the_same_whatever_the_seed() -> None:
    few = [examples_of(replace(RECIPE, train_example_count=40, seed=seed)).train for seed in (0, 1)]
    assert len(few[0]) == 40
    assert torch.equal(few[0].inputs[0], few[1].inputs[0])
    whole = examples_of(replace(RECIPE, train_example_count=80)).train
    assert torch.equal(whole.inputs[0][:40], few[0].inputs[0])


def test_a_trained_model_is_found_again_without_training(monkeypatch: pytest.MonkeyPatch) -> None:
    first = weights(trained(RECIPE, CPU))
    monkeypatch.setattr(training, "train", lambda *_: pytest.fail("trained again"))
    found = trained(RECIPE, CPU)
    assert torch.equal(weights(found), first)
    assert not found.training


def test_a_spoilt_model_is_trained_again() -> None:
    first = weights(trained(RECIPE, CPU))
    for spoilt in (b"", b"not a model", kept_path(RECIPE).read_bytes()[:-100]):
        kept_path(RECIPE).write_bytes(spoilt)
        assert torch.equal(weights(trained(RECIPE, CPU)), first)
    assert [path.name for path in kept_path(RECIPE).parent.iterdir()] == [kept_path(RECIPE).name]


def test_patience_stops_and_takes_the_best_weights() -> None:
    noise = torch.Generator().manual_seed(0)
    points = torch.randn((200, 2), generator=noise)
    by_chance = Split((points,), torch.randint(2, (200,), generator=noise))
    recipe = replace(RECIPE, epoch_count=60)
    result = train(recipe, CPU, data=Data(by_chance, by_chance), patience=2)
    assert len(result.epochs) == result.best_epoch_number + 2 < 60
    losses = [epoch.held_out_loss_nats for epoch in result.epochs]
    assert result.metrics["loss_nats"] == losses[result.best_epoch_number - 1] != losses[-1]


def test_going_on_from_a_model_changes_it_and_another_loss_is_taken() -> None:
    start = untrained(RECIPE)
    before = weights(start).clone()
    frozen = train(RECIPE, CPU, start=start, loss_of=lambda output, batch: output.sum() * 0.0)
    assert frozen.model is start
    learnt = train(RECIPE, CPU, start=untrained(RECIPE))
    assert frozen.metrics["accuracy_share"] < learnt.metrics["accuracy_share"]
    assert not torch.equal(before, weights(learnt.model))


def test_a_device_without_the_instructions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "is_native", lambda device, precision: False)
    with pytest.raises(BadInput, match="no instructions for fp16"):
        train(replace(RECIPE, precision="fp16"), CPU)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_lower_precision_learns_too_where_the_device_has_it(
    precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "is_native", lambda device, precision: True)
    result = train(replace(RECIPE, precision=precision), CPU)  # type: ignore[arg-type]
    assert result.metrics["accuracy_share"] > 0.85
    assert {value.dtype for value in result.model.parameters()} == {torch.float32}


def test_every_device_has_full_precision() -> None:
    assert is_native(CPU, "fp32")


def test_without_a_compiler_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(CannotContinue, match="apt install g"):
        train(replace(RECIPE, compiled=True), CPU)


@pytest.mark.slow
@pytest.mark.skipif(not execution.can_compile(), reason="no C++ compiler")
@pytest.mark.filterwarnings("ignore")
def test_compiled_training_gives_the_same_scores() -> None:
    plain, quick = (
        train(replace(RECIPE, optimiser="sgd", compiled=on), CPU) for on in (False, True)
    )
    assert quick.compile_s is not None
    assert quick.compile_s > 0
    assert quick.metrics == pytest.approx(plain.metrics, rel=1e-3)


def test_divergence_is_said_and_never_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Points, "learning_rates", {"adamw": float("inf")})
    with pytest.raises(CannotContinue, match="points of size 8 diverged with adamw"):
        train(RECIPE, CPU)


def test_an_unknown_family_is_refused_with_those_known() -> None:
    with pytest.raises(BadInput, match=r"No model family 'point'\. Known: .*points"):
        family_of("point")


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_on_a_gpu_it_learns_and_tells_the_parts_of_a_step(precision: str) -> None:
    gpu = torch.device("cuda", 0)
    recipe = replace(RECIPE, precision=precision)  # type: ignore[arg-type]
    result = train(recipe, gpu)
    assert result.metrics["accuracy_share"] > 0.85
    assert sum(result.shares.values()) == pytest.approx(1)
    assert min(result.shares.values()) > 0
    assert next(trained(recipe, gpu).parameters()).is_cuda
    assert not next(trained(recipe, CPU).parameters()).is_cuda

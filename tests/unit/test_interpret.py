"""Integrated gradients on models small enough to work out by hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.measurement import interpret, text_categories
from engine.measurement.bench import Bench, Plan
from engine.measurement.explanations import Explained, keep_explanations, kept_explanations
from engine.measurement.families import FAMILIES
from engine.measurement.families.base import Activation, Data, Recipe, Split
from engine.measurement.interpret import Explain, Explainer, embedding_of, words_by_number
from engine.measurement.meters.estimate import CpuTimeEnergyMeter
from engine.measurement.recipes import data_of
from engine.measurement.runner import measure
from engine.records import BadInput, CannotContinue, Machine
from tests.families import Points

CPU = torch.device("cpu")
MACHINE = Machine("a CPU", 2, 4, 2**34, "Linux 6.1 x86_64", "3.11.7", "2.13.0", 2)
SHORT = Plan(window_s=1e-4, warm_up_s=0.0, repeat_s=1e-3, fewest_slow_repeats=2, fewest_warm_ups=1)


class Bag(nn.Module):
    def __init__(self, hidden: bool) -> None:
        super().__init__()
        self.words = nn.Embedding(6, 3)
        self.layers = (
            nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
            if hidden
            else nn.Linear(3, 2)
        )

    def forward(self, words: Tensor) -> Tensor:
        output: Tensor = self.layers(self.words(words).mean(1))
        return output


class Words(Points):
    """Which of two words a text of four begins with."""

    name = "words"
    data_name = text_categories.TASK

    def data(self) -> Data:
        texts = torch.randint(4, 6, (120, 4), generator=torch.Generator().manual_seed(0))
        texts[:, 0] = 2 + torch.arange(120) % 2
        texts[:, 3] = 0
        examples = Split((texts,), torch.arange(120) % 2)
        return Data(examples.at(slice(0, 80)), examples.at(slice(80, None)))

    def build(self, size: int, activation: Activation) -> nn.Module:
        return Bag(hidden=True)


@pytest.fixture(autouse=True)
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    monkeypatch.setattr(interpret, "TIMED_S", 0.0)
    glosses = {("one", "two"): 0, ("one", "three", "four", "one"): 1, ("two",): 1}
    monkeypatch.setattr(text_categories, "raw", dict)
    monkeypatch.setattr(text_categories, "clean", lambda files: (glosses, {}))
    monkeypatch.setitem(FAMILIES, "words", Words())
    words_by_number.cache_clear()
    data_of.cache_clear()
    yield
    words_by_number.cache_clear()
    data_of.cache_clear()


def test_of_a_linear_model_the_attributions_are_exact() -> None:
    torch.manual_seed(0)
    model = Bag(hidden=False).eval()
    texts, classes = torch.tensor([[2, 3, 0], [5, 4, 4]]), torch.tensor([0, 1])
    explainer = Explainer(model, 4)
    # Each word's vector less padding's, through the layer, a third of the mean each.
    vectors = model.words(texts) - model.words.weight[0]
    expected = (vectors @ model.layers.weight.T / 3)[torch.arange(2), :, classes]
    found = explainer.attributions(texts, classes)
    torch.testing.assert_close(found, expected.detach())
    torch.testing.assert_close(found.sum(1), explainer.differences(texts, classes))
    assert found[0, 2].item() == 0.0


def test_more_points_come_nearer_to_the_difference() -> None:
    torch.manual_seed(0)
    model = Bag(hidden=True).eval()
    for part in model.parameters():
        part.data *= 3
    texts, classes = torch.tensor([[2, 3, 0], [5, 4, 4]]), torch.tensor([0, 1])
    gaps = []
    for count in (2, 64):
        explainer = Explainer(model, count)
        gap = explainer.attributions(texts, classes).sum(1) - explainer.differences(texts, classes)
        gaps.append(float(gap.abs().max()))
    assert gaps[1] < 1e-4
    assert gaps[0] > 10 * gaps[1]


def test_an_explanation_is_measured_against_a_prediction_and_kept() -> None:
    bench = Bench(MACHINE, CPU, CpuTimeEnergyMeter(10.0, "a test"), plan=SHORT, brief_plan=SHORT)
    found = measure(Explain(Recipe("words", 2, epoch_count=30)), bench)
    assert all(isfinite(value) for value in found.metrics.values())
    assert found.metrics["explain_ratio"] > 1
    assert found.metrics["completeness_gap_share"] < 0.01
    texts = kept_explanations()["words-2-0"]
    assert len(texts) == found.metrics["explained_count"] == 20
    for text in texts:
        assert text.words[0] in ("one", "two")
        assert text.words[3] == ""
        assert text.attributions[3] == pytest.approx(0.0, abs=1e-6)
    # Only the first word tells the classes apart: against padding, having one of the two
    # is what decides, or not having it.
    decided: dict[str, list[bool]] = {"one": [], "two": []}
    for text in texts:
        decided[text.words[0]].append(text.deciding(1)[0][0] == text.words[0])
    assert max(sum(one) / len(one) for one in decided.values()) > 0.9


def test_words_of_numbers_follow_from_the_training_texts() -> None:
    # `one` stands three times, `two` twice; number 1 is any other word.
    names = words_by_number(text_categories.TASK)
    assert names == {1: "…", 2: "one", 3: "two", 4: "three", 5: "four"}
    with pytest.raises(BadInput, match="The words of points are not known"):
        words_by_number("points")


def test_a_model_without_words_is_refused() -> None:
    with pytest.raises(BadInput, match="reads no words"):
        embedding_of(nn.Linear(1, 1))
    with pytest.raises(BadInput, match="2 points or more"):
        Explain(Recipe("words", 2), point_count=1)


def test_kept_texts_come_back_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Explained(("a", "b", ""), (0.5, -2.0, 0.0), 1, 0, -1.25)
    assert kept_explanations() == {}
    keep_explanations("model", [text])
    assert kept_explanations() == {"model": [text]}
    assert text.deciding(2) == [("b", -2.0), ("a", 0.5)]
    assert text.gap == 0.25
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path / "file"))
    with pytest.raises(CannotContinue, match="Cannot keep data"):
        keep_explanations("model", [text])


@pytest.mark.parametrize(
    "module", ["engine.measurement.explanations", "engine.projection.lever_table"]
)
def test_what_screens_read_needs_no_torch(module: str) -> None:
    code = f"import sys, {module}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr("engine.measurement.stages.base.import_module", missing)
    with pytest.raises(CannotContinue, match=r"captum.attr is not installed.*modelworth\[lab\]"):
        Explain(Recipe("words", 2)).make_ready(CPU)

"""Which words decided: integrated gradients on text classifiers, by Captum.

M. Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep Networks" (ICML 2017),
arXiv:1703.01365. Gradients of the chosen class are summed along the straight way from a
text of padding to the text itself, in the space of word vectors. By theory a text's
attributions add up to the difference of the two outputs; what is missing is measured.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

import torch
from torch import Tensor, nn

from engine.measurement import text_categories
from engine.measurement.datasets import OTHER_WORD, PADDING, word_numbers
from engine.measurement.explanations import Explained, keep_explanations
from engine.measurement.families.base import Recipe, Split
from engine.measurement.judging import on_device
from engine.measurement.levers.base import in_turn
from engine.measurement.recipes import data_of, family_of
from engine.measurement.stages.artefacts import answering
from engine.measurement.stages.base import RecipeStage, Step, first, lab_library
from engine.measurement.training import trained
from engine.records import BadInput

KEPT_COUNT = 20
"""Texts explained and kept to look at."""
TIMED_S = 0.3


@dataclass(frozen=True)
class Explain(RecipeStage):
    """One held-out text explained; `explain_ratio` says how many predictions that costs."""

    name: ClassVar[str] = "explain"

    point_count: int = 32
    """Points on the way from padding to the text."""

    def __post_init__(self) -> None:
        if self.point_count < 2:
            raise BadInput(f"The way has 2 points or more, not {self.point_count}.")

    def make_ready(self, device: torch.device) -> None:
        """The model, the library, and the words behind the numbers."""
        lab_library("captum.attr")
        super().make_ready(device)
        embedding_of(trained(self.recipe, device))
        words_by_number(family_of(self.recipe.family).data_name)

    def prepare(self, device: torch.device) -> Callable[[], object]:
        """The model, and one text."""
        model = trained(self.recipe, device)
        texts = on_device(first(data_of(self.recipe.family).held_out, KEPT_COUNT), device)
        text = texts.at(slice(0, 1))
        chosen = answering(model)(text.inputs).argmax(1)
        explainer = Explainer(model, self.point_count)

        def step() -> object:
            return explainer.attributions(text.inputs[0], chosen)

        def metrics() -> Mapping[str, float]:
            predict = answering(model)
            times_s = in_turn((lambda: predict(text.inputs), step), device, TIMED_S)
            found = explained(self.recipe, model, texts, self.point_count)
            keep_explanations(_model_name(self.recipe), found)
            return {
                "prediction_s": times_s[0],
                "explain_ratio": times_s[1] / times_s[0],
                "completeness_gap_share": _gap_share(found),
                "explained_count": float(len(found)),
            }

        return Step(step, device, metrics)


class Explainer:
    """Integrated gradients of one model's word vectors."""

    def __init__(self, model: nn.Module, point_count: int) -> None:
        self._model, self._point_count = model, point_count
        self._embedding = embedding_of(model)
        self._method = lab_library("captum.attr").LayerIntegratedGradients(model, self._embedding)

    def attributions(self, words: Tensor, classes: Tensor) -> Tensor:
        """Of each word of each text for its class: texts x words, in logits."""
        found: Tensor = self._method.attribute(
            words,
            baselines=torch.full_like(words, PADDING),
            target=classes,
            n_steps=self._point_count,
        )
        return found.sum(2).detach()

    @torch.no_grad()
    def differences(self, words: Tensor, classes: Tensor) -> Tensor:
        """Output for the class, less that with every word's vector put to padding's.

        The model still knows which places hold words, as on the way between the two.
        """
        padding = self._embedding.weight[PADDING]
        handle = self._embedding.register_forward_hook(lambda *seen: padding.expand_as(seen[-1]))
        try:
            without = self._model(words)
        finally:
            handle.remove()
        difference: Tensor = self._model(words) - without
        return difference.gather(1, classes[:, None]).squeeze(1)


def explained(recipe: Recipe, model: nn.Module, texts: Split, point_count: int) -> list[Explained]:
    """The texts with their words and what each did for the class the model chose.

    Raises:
        BadInput: the model does not read words, or its words are not known.
        CannotContinue: Captum is not installed.
    """
    names = words_by_number(family_of(recipe.family).data_name)
    explainer = Explainer(model, point_count)
    (words,) = texts.inputs
    classes = answering(model)(texts.inputs).argmax(1)
    attributions = explainer.attributions(words, classes)
    differences = explainer.differences(words, classes)
    return [
        _one(names, *parts)
        for parts in zip(words, attributions, classes, texts.targets, differences, strict=True)
    ]


def _one(
    names: Mapping[int, str],
    words: Tensor,
    attributions: Tensor,
    chosen: Tensor,
    true: Tensor,
    difference: Tensor,
) -> Explained:
    # Padding has no word; on its way from itself to itself it gains nothing.
    numbers = words.tolist()
    return Explained(
        words=tuple("" if number == PADDING else names[number] for number in numbers),
        attributions=tuple(attributions.tolist()),
        class_number=int(chosen),
        true_class_number=int(true),
        output_difference=float(difference),
    )


def embedding_of(model: nn.Module) -> nn.Embedding:
    """The vectors of the words that the model reads.

    Raises:
        BadInput: it reads none.
    """
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            return module
    raise BadInput("This model reads no words. Known to: text-bag, text-encoder.")


@functools.lru_cache(maxsize=1)
def words_by_number(data_name: str) -> Mapping[int, str]:
    """What the numbers of texts stand for.

    Raises:
        BadInput: only the words of the WordNet categories are known.
        DataUnavailable: the texts cannot be fetched here.
    """
    if data_name != text_categories.TASK:
        raise BadInput(
            f"The words of {data_name} are not known; those of {text_categories.TASK} are."
        )
    train, _ = text_categories.clean(text_categories.raw())
    return {number: word for word, number in word_numbers(train).items()} | {OTHER_WORD: "…"}


def _gap_share(found: list[Explained]) -> float:
    """Mean gap over the mean size of the differences."""
    return fmean(one.gap for one in found) / fmean(abs(one.output_difference) for one in found)


def _model_name(recipe: Recipe) -> str:
    return f"{recipe.family}-{recipe.size}-{recipe.seed}"


__all__ = ["Explain", "Explainer", "embedding_of", "explained", "words_by_number"]

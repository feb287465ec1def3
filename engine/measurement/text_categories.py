"""WordNet definitions as numbered words with their category.

Clean reads the definitions, keeps each once and holds one in five out. Convert numbers
the words. Augment is word dropout: a training word in twenty becomes OTHER_WORD, so
that its vector, which stands for every word unknown, is learnt too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from engine.measurement import datasets
from engine.measurement.archives import read_members
from engine.measurement.datasets import OTHER_WORD, PADDING, TextData
from engine.measurement.texts import Labelled

TASK = "wordnet-categories"
CLASS_COUNT = datasets.data_set(TASK).class_count
HELD_OUT_COUNT = 8_000
"""Half of what is held out: a score is known to half a point, and many models are judged."""
VOCABULARY_SIZE = 5_000
"""Padding, any other word, then the commonest words."""
DROPPED_SHARE = 0.05
SEED = 0


def raw() -> dict[str, bytes]:
    """The files of definitions by their path in the archive; downloads once.

    Raises:
        DataUnavailable: they cannot be fetched here.
    """
    known = datasets.data_set(TASK)
    return read_members(known.archive, known.members)


def clean(files: Mapping[str, bytes]) -> tuple[Labelled, Labelled]:
    """Distinct definitions with their category, to learn from and held out."""
    return datasets.data_set(TASK).split(files)


def convert(labelled: tuple[Labelled, Labelled]) -> TextData:
    """Words as numbers."""
    return datasets.numbered(*labelled)


def converted() -> TextData:
    """What clean and convert give, from the cache where it is there."""
    return datasets.load(TASK)


def augment(texts: TextData, train_example_count: int | None) -> TextData:
    """The vocabulary cut, and words dropped; the held-out texts keep all words they may.

    With a count, only the first of the training texts stay: both sides stand in a drawn order.
    """
    kept = replace(
        texts,
        train_words=_cut(texts.train_words[:train_example_count]),
        train_classes=texts.train_classes[:train_example_count],
        held_out_words=_cut(texts.held_out_words[:HELD_OUT_COUNT]),
        held_out_classes=texts.held_out_classes[:HELD_OUT_COUNT],
    )
    return replace(kept, train_words=_drop(kept.train_words))


def _cut(words: datasets.Integers) -> datasets.Integers:
    return np.where(words < VOCABULARY_SIZE, words, np.int32(OTHER_WORD))


def _drop(words: datasets.Integers) -> datasets.Integers:
    drawn = np.random.default_rng(SEED).random(words.shape, np.float32) < DROPPED_SHARE
    return np.where(drawn & (words != PADDING), np.int32(OTHER_WORD), words)

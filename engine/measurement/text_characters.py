"""WordNet definitions as runs of characters: the steps, and the outcome kept.

Clean keeps each definition once, in small letters of a plain alphabet, and holds one in
ten out. Convert strings them together as character numbers. Augment is a random crop:
training windows start anywhere in the string, not at multiples of their length.
"""

from __future__ import annotations

import random
import string
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from engine.measurement import datasets, text_categories
from engine.measurement.arrays import Arrays, kept_or_made, prepared_path

CONTEXT_SIZE = 64
"""Characters read; as many are foretold, one place on."""
ALPHABET = "\n" + string.ascii_lowercase + string.digits + " .,;:'\"`()-/?!"
"""What a definition may hold; the line end parts definitions, all else becomes a space."""
TRAIN_WINDOW_COUNT = 8_000
HELD_OUT_WINDOW_COUNT = 1_000
HELD_OUT_EVERY = 10
SEED = 0
RECIPE_VERSION = 1

Text = tuple[str, str]
"""Characters to learn from, and those held out."""
Numbers = npt.NDArray[np.uint8]


def prepared() -> Arrays:
    """What clean, convert and windows give, from the cache where it is there."""
    archive = datasets.data_set(text_categories.TASK).archive
    path = prepared_path("wordnet-characters", f"{RECIPE_VERSION}-{archive.sha256[:10]}")
    return kept_or_made(path, lambda: windows(convert(clean(text_categories.raw()))))


def clean(files: Mapping[str, bytes]) -> Text:
    """Distinct definitions in a drawn order, one a line, on two sides."""
    lines = _gloss_lines(files)
    glosses = dict.fromkeys(_plain(line.partition(" | ")[2]) for line in lines)
    shuffled = list(glosses)
    random.Random(SEED).shuffle(shuffled)
    held_out_count = len(shuffled) // HELD_OUT_EVERY
    return "\n".join(shuffled[held_out_count:]), "\n".join(shuffled[:held_out_count])


def _gloss_lines(files: Mapping[str, bytes]) -> list[str]:
    """Lines of all files that define something; the licence at their head is indented."""
    lines = (line for table in files.values() for line in table.decode().splitlines())
    return [line for line in lines if not line.startswith(" ")]


def _plain(gloss: str) -> str:
    return "".join(c if c in ALPHABET else " " for c in gloss.strip().lower())


def convert(text: Text) -> tuple[Numbers, Numbers]:
    """Places in the alphabet of all characters, one string a side."""
    table = np.zeros(128, np.uint8)
    table[[ord(character) for character in ALPHABET]] = range(len(ALPHABET))
    train, held_out = (table[np.frombuffer(side.encode("ascii"), np.uint8)] for side in text)
    return train, held_out


def windows(strings: tuple[Numbers, Numbers]) -> Arrays:
    """Runs one longer than the context: from drawn places to learn, spread evenly to judge."""
    train, held_out = strings
    draw = np.random.default_rng(SEED)
    starts = draw.integers(len(train) - CONTEXT_SIZE, size=TRAIN_WINDOW_COUNT)
    even = np.linspace(0, len(held_out) - CONTEXT_SIZE - 1, HELD_OUT_WINDOW_COUNT).astype(int)
    return {"train": _runs(train, starts), "held_out": _runs(held_out, even)}


def _runs(numbers: Numbers, starts: npt.NDArray[np.int64]) -> Numbers:
    places = starts[:, None] + np.arange(CONTEXT_SIZE + 1)
    return np.take(numbers, places)

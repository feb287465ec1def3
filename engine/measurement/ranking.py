"""How well candidates are ranked, on lists of scores and of what was right.

Arrays are lists x candidates. A list without anything right, or with nothing wrong, says
nothing of a ranking and is left out. Equal scores keep their order in the list.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]


def ranking_scores(scores: Floats, is_right: Flags, cutoff: int) -> dict[str, float]:
    """Means over lists, shares from 0 to 1.

    `hit_rate_at_<cutoff>_share`: lists with something right among the first so many.
    `ndcg_at_<cutoff>_share`: normalised discounted cumulative gain with gains of 1
    (K. Järvelin, J. Kekäläinen, ACM TOIS 20:4, 2002). `auc_share`: pairs of a right and
    a wrong candidate in the right order, equal scores half a pair.

    Raises:
        ValueError: no list has both right and wrong candidates.
    """
    telling = is_right.any(1) & ~is_right.all(1)
    if not telling.any():
        raise ValueError("No list has both something right and something wrong to rank.")
    scores, is_right = scores[telling], is_right[telling]
    order = np.argsort(-scores, axis=1, kind="stable")
    ranked = np.take_along_axis(is_right, order, 1)[:, :cutoff]
    return {
        f"ndcg_at_{cutoff}_share": float(np.mean(_gain(ranked) / _best_gain(is_right, cutoff))),
        f"hit_rate_at_{cutoff}_share": float(ranked.any(1).mean()),
        "auc_share": float(np.mean(_right_pair_share(scores, is_right))),
    }


def _gain(ranked: Flags) -> Floats:
    discounts = 1 / np.log2(np.arange(ranked.shape[1]) + 2)
    gain: Floats = (ranked * discounts).sum(1)
    return gain


def _best_gain(is_right: Flags, cutoff: int) -> Floats:
    right_first: Flags = np.sort(is_right, axis=1)[:, ::-1]
    return _gain(right_first[:, :cutoff])


def _right_pair_share(scores: Floats, is_right: Flags) -> Floats:
    """Of each list, by the ranks of the right candidates (Mann and Whitney)."""
    # Imported late: scipy takes a while to load, and only this needs it.
    from scipy.stats import rankdata

    right_count = is_right.sum(1)
    rank_sum = np.where(is_right, rankdata(scores, axis=1), 0).sum(1)
    pairs: Floats = rank_sum - right_count * (right_count + 1) / 2
    share: Floats = pairs / (right_count * (is_right.shape[1] - right_count))
    return share

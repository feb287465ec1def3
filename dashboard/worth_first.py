"""What is told first of a use: from where on it pays, out of what, and resting on whose guesses."""

from collections.abc import Iterator

from dashboard import i18n, readable, worth_words
from dashboard.headlines import scalar
from dashboard.i18n import t
from dashboard.valued import Valued
from engine.scenario import Scenario
from engine.value_case import GUESSED, ValueCase

MOVERS_COUNT = 3


def verdict(found: Valued) -> str:
    """From which volume, or which accuracy, it pays off."""
    volume = scalar(found.worth.break_even_outcomes_per_day.value)
    share = scalar(found.worth.break_even_right_share.value)
    if scalar(found.worth.npv_usd.value) is None:
        return t("worth.unknown")
    if volume is None:
        return t("worth_first.never")
    if share is None:
        return t("worth_first.from_volume", volume=readable.count(volume))
    told = {"volume": readable.count(volume), "share": readable.share(share)}
    return t("worth_first.from_both", **told)


def standing(found: Valued) -> str:
    """Where the case stands against that."""
    known, npv = found.worth.known, scalar(found.worth.npv_usd.value)
    loss = None if found.risk is None else found.risk.loss_share
    told = {
        "volume": readable.count(scalar(known["outcomes_per_day"].value)),
        "share": readable.share(scalar(found.worth.model_right_share.value)),
        "loss": readable.share(loss),
    }
    return t("worth_first.pays" if npv is not None and npv > 0 else "worth_first.loses", **told)


def chain(found: Valued, scenario: Scenario) -> str:
    """Where the net present value comes from, in one line that adds up."""
    worth = found.worth
    count, each = scalar(worth.outcome_count.value), scalar(worth.gained_usd_per_outcome.value)
    cost, computers = scalar(worth.cost_usd.value), scalar(worth.model_cost_usd.value)
    if count is None or each is None or cost is None or computers is None:
        return ""
    told = {
        "count": readable.count(count),
        "months": readable.number(scalar(scenario.horizon_months)),
        "each": readable.money(each),
        "gains": readable.money(count * each),
        "people": readable.money(cost - computers),
        "computers": readable.money(computers),
        "net": readable.money(count * each - cost),
        "npv": readable.money(scalar(worth.npv_usd.value)),
    }
    return worth_words.escaped(t("worth_first.chain", **told))


def guesses(case: ValueCase, found: Valued) -> str:
    """How much of it is guessed, and which guesses to replace first."""
    own = sum(getattr(case, name) is not None for name in GUESSED)
    movers = list(_movers(case, found))
    told = {"guessed": str(len(GUESSED) - own), "count": str(len(GUESSED))}
    words = t("worth_first.guessed", **told)
    if not movers:
        return words
    return i18n.sentences(words, t("worth_first.replace", names=" · ".join(movers)))


def _movers(case: ValueCase, found: Valued) -> Iterator[str]:
    """Guesses that move the value most and are not replaced yet."""
    guessed = [s.name for s in found.swings if s.name in GUESSED and getattr(case, s.name) is None]
    yield from (worth_words.input_name(name) for name in guessed[:MOVERS_COUNT])

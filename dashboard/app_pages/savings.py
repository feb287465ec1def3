"""What would cut the bill from here, the largest saving first; one click applies it."""

from collections.abc import Sequence

import streamlit as st

from dashboard import controls, data, explain, phrases, plans, readable
from dashboard.headlines import scalar
from dashboard.i18n import t
from dashboard.theme import KIND_COLOURS
from dashboard.views import compression, pictures
from engine.projection import api_price, cost
from engine.projection.savings import Saving
from engine.projection.working import derive
from engine.records import Projection
from engine.scenario import Scenario

LARGE_SHARE = 0.01
"""Savings below this share of the bill are folded away."""
SLOWER_RATIO = 1.05
"""A time is told as changed from here on."""


def elsewhere(saving: Saving) -> list[str]:
    """What it does beside the bill."""
    told = []
    carbon = saving.carbon_change_kgco2e
    if carbon is not None and abs(carbon) >= 1.0:
        amount = readable.carbon(abs(carbon))
        told.append(
            t("savings.carbon_less" if carbon < 0 else "savings.carbon_more", amount=amount)
        )
    for name, ratio in (
        ("training", saving.training_time_ratio),
        ("answer", saving.answer_time_ratio),
    ):
        if ratio is not None and not 1 / SLOWER_RATIO < ratio < SLOWER_RATIO:
            times = readable.number(max(ratio, 1 / ratio))
            told.append(t(f"savings.{name}_{'slower' if ratio > 1 else 'faster'}", times=times))
    return told


def score(saving: Saving) -> str:
    """What it does to the score, as a badge."""
    change = saving.score_change_share
    if change is None:
        return f":orange-badge[:material/help: {t('savings.score_unknown')}]"
    if abs(change) < 5e-4:
        return f":green-badge[:material/check: {t('savings.score_same')}]"
    colour = "green" if change > 0 else "orange"
    told = t("savings.score_points", points=readable.points(change))
    if saving.score_change_range_share is not None:
        low, high = map(readable.points, saving.score_change_range_share)
        told += t("savings.score_between", low=low, high=high)
    return f":{colour}-badge[{told}]"


def line(saving: Saving, now: Scenario, machines: dict[str, str]) -> None:
    """One lever: what changes, what it saves, what it costs elsewhere, and a button."""
    with st.container(border=True):
        words, money, button = st.columns([5, 2, 1.4], vertical_alignment="center")
        with words:
            st.markdown(f"**{t(f'lever.{saving.lever}')}**")
            st.markdown(plans.told(saving.changes, now, machines))
            kind = f":{KIND_COLOURS[saving.kind]}-badge[{t(f'savings.kind_{saving.kind}')}]"
            st.markdown(f"{score(saving)} {kind}")
            if beside := elsewhere(saving):
                plans.small(" · ".join(beside))
        money.metric(
            t("savings.saves"),
            readable.money(saving.saved_usd),
            delta=t("savings.of_bill", share=readable.share(saving.saved_share)),
            delta_color="green",
            delta_arrow="off",
        )
        button.button(
            t("savings.apply"),
            key=f"apply_{saving.lever}",
            icon=":material/check:",
            help=t("savings.apply_about", lever=t(f"lever.{saving.lever}")),
            on_click=plans.take,
            args=(now, saving.scenario),
            width="stretch",
        )


def explained(found: Sequence[Saving], answer: Projection, known: data.Seen) -> None:
    """The bill, or what one lever takes off it, down to the sources of both bills."""
    bill = "bill"
    labels = {bill: t("savings.bill_now")} | {s.lever: t(f"lever.{s.lever}") for s in found}
    chosen = explain.menu(labels, "savings")
    if chosen is None:
        return
    now = answer.total.cost_usd
    if chosen != bill:
        scenario = next(s.scenario for s in found if s.lever == chosen)
        then = data.project(scenario, known).total.cost_usd
        now = derive(cost.saved_usd, bill_now_usd=now, bill_then_usd=then)
    explain.show(labels[chosen], now, readable.money)


def build_or_buy(now: Scenario, known: data.Seen) -> None:
    """The seller's bill beside one's own, and where they cross."""
    if now.api_model is None:
        return
    found = data.build_or_buy(now, known)
    seller = api_price.models().get(now.api_model, now.api_model)
    sold, own = readable.money(found.api_usd), readable.money(found.own_usd)
    told = [t("savings.buy", seller=seller, sold=sold, own=own)]
    if found.break_even_requests_per_day is None:
        told.append(t("savings.buy_never"))
    else:
        count = readable.count(found.break_even_requests_per_day)
        told.append(t("savings.buy_from", count=count))
    st.info(" ".join(told).replace("$", "\\$"), icon=":material/storefront:")


known = data.seen()
request = controls.asked(known.machines)
now = request.scenario
answer = data.project(now, known)
cost_usd = scalar(answer.total.cost_usd.value)

st.markdown(phrases.sentence(now, known.machines))
if cost_usd is None:
    st.info(t("savings.no_price"), icon=":material/help:")
else:
    found = data.savings(now, known)
    best = next((s for s in found if s.score_change_share == 0), None)
    with st.container(horizontal=True):
        st.metric(t("savings.bill_now"), readable.money(cost_usd), border=True)
        if best is not None:
            st.metric(
                t("savings.largest"),
                readable.money(best.saved_usd),
                delta=t(f"lever.{best.lever}"),
                delta_color="gray",
                delta_arrow="off",
                border=True,
            )
    build_or_buy(now, known)
    if not found:
        st.info(t("savings.none"), icon=":material/task_alt:")
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            plans.small(t("savings.lead"))
            explained(found, answer, known)
        large = [s for s in found if s.saved_share >= LARGE_SHARE] or found
        pictures.savings(cost_usd, large)
        for saving in large:
            line(saving, now, known.machines)
        if small := found[len(large) :]:
            with st.expander(t("savings.small", count=len(small)), icon=":material/more_horiz:"):
                for saving in small:
                    line(saving, now, known.machines)
        plans.small(t("savings.limits"))
    compression.show(now, known.evidence)

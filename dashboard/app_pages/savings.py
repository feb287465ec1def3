"""What would cut the bill from here, the largest saving first; one click applies it."""

from collections.abc import Sequence

import streamlit as st

from dashboard import controls, data, explain, frame, i18n, phrases, plans, readable
from dashboard.charts import worth
from dashboard.headlines import scalar
from dashboard.i18n import t
from dashboard.theme import KIND_COLOURS
from dashboard.views import compression, federated, pictures
from engine import catalogue
from engine.projection import api_price, cost
from engine.projection.saving_levers import BUY
from engine.projection.savings import Saving
from engine.projection.working import derive
from engine.records import Projection
from engine.scenario import Scenario

LARGE_SHARE = 0.01
"""Savings below this share of the bill are folded away."""
SLOWER_RATIO = 1.05
"""A time is told as changed from here on."""


def elsewhere(saving: Saving) -> str:
    """What it does to the carbon."""
    carbon = saving.carbon_change_kgco2e
    if carbon is None or abs(carbon) < 1.0:
        return ""
    amount = readable.carbon(abs(carbon))
    return t("savings.carbon_less" if carbon < 0 else "savings.carbon_more", amount=amount)


def speed(saving: Saving) -> str:
    """What it does to speed, as badges: slower is marked, whatever it saves."""
    if saving.lever == BUY:
        return f":orange-badge[:material/help: {t('savings.speed_unknown')}]"
    told = []
    for name, ratio in (
        ("training", saving.training_time_ratio),
        ("answer", saving.answer_time_ratio),
    ):
        if ratio is not None and not 1 / SLOWER_RATIO < ratio < SLOWER_RATIO:
            slower, times = ratio > 1, readable.number(max(ratio, 1 / ratio))
            words = t(f"savings.{name}_{'slower' if slower else 'faster'}", times=times)
            told.append(f":{'orange' if slower else 'green'}-badge[:material/timer: {words}]")
    return " ".join(told) or f":green-badge[:material/timer: {t('savings.speed_same')}]"


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
            st.markdown(f"{speed(saving)} {score(saving)} {kind}")
            if beside := elsewhere(saving):
                plans.small(beside)
        money.metric(
            t("savings.saves"),
            readable.money(saving.saved_usd),
            delta=t("savings.of_bill", share=readable.share(saving.saved_share)),
            delta_color="green",
            delta_arrow="off",
        )
        bought = saving.lever == BUY
        button.button(
            t("savings.compare" if bought else "savings.apply"),
            key=f"apply_{saving.lever}",
            icon=":material/storefront:" if bought else ":material/check:",
            help=t("savings.apply_about", lever=t(f"lever.{saving.lever}")),
            on_click=plans.apply,
            args=(saving.lever, now, saving.scenario),
            width="stretch",
        )


def applied(now: Scenario, known: data.Seen) -> None:
    """The lever that was taken over last, or what a seller's bill says, and the way back."""
    last = plans.applied()
    if last is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="applied"):
        st.markdown(
            bill_beside(now, known)
            if last.lever == BUY
            else t("savings.applied", lever=t(f"lever.{last.lever}"))
        )
        st.button(t("savings.undo"), key="undo", icon=":material/undo:", on_click=plans.undo)


def explained(found: Sequence[Saving], answer: Projection, known: data.Seen) -> None:
    """The bill, or what one lever takes off it, down to the sources of both bills."""
    bill = "bill"
    labels = {bill: t("savings.bill_now")} | {s.lever: t(f"lever.{s.lever}") for s in found}
    chosen = explain.menu(labels, "savings")
    if chosen is None:
        return
    now = answer.total.cost_usd
    if chosen != bill:
        then = data.project(next(s.scenario for s in found if s.lever == chosen), known)
        other = then.deployment.api_usd if chosen == BUY else then.total.cost_usd
        now = derive(cost.saved_usd, bill_now_usd=now, bill_then_usd=other)
    explain.show(labels[chosen], now, readable.money)


def build_or_buy(now: Scenario, known: data.Seen) -> None:
    """Any seller's bill beside one's own, and where they cross."""
    if not catalogue.model(now.model).generates:
        return
    with st.container(border=True):
        words, choice = st.columns([3, 2], vertical_alignment="bottom")
        words.header(t("savings.buy_title"), anchor=False)
        with choice:
            controls.seller(now)
        if now.api_model is not None:
            bought(now, known)


def bill_beside(now: Scenario, known: data.Seen) -> str:
    """What the chosen seller asks, what one's own costs, and from which load on that is less."""
    found, seller = data.build_or_buy(now, known), seller_name(now)
    sold, own = readable.money(found.api_usd), readable.money(found.own_usd)
    told = [t("savings.buy", seller=seller, sold=sold, own=own)]
    if (load := found.break_even_requests_per_day) is None:
        told.append(t("savings.buy_never"))
    else:
        count, month = readable.count(load), phrases.a_month(load)
        told.append(t("savings.buy_from", count=count, month=month))
    return i18n.sentences(*told).replace("$", "\\$")


def seller_name(now: Scenario) -> str:
    """The chosen seller's model."""
    return api_price.models().get(str(now.api_model), str(now.api_model))


def bought(now: Scenario, known: data.Seen) -> None:
    """The chosen seller's bill beside one's own, in words and as bars."""
    found, seller = data.build_or_buy(now, known), seller_name(now)
    st.markdown(bill_beside(now, known))
    bars = {t("savings.own"): found.own_usd, seller: found.api_usd}
    st.plotly_chart(
        worth.ways(bars, {"cost": t("worth_chart.cost")}, readable.money),
        config=phrases.PLOTLY,
        alt="; ".join(f"{name} {readable.money(usd)}" for name, usd in bars.items()),
    )


def page() -> None:
    """The bill, and what would cut it."""
    known = data.seen()
    request = controls.asked(known.machines)
    now = request.scenario
    answer = data.project(now, known)
    cost_usd = scalar(answer.total.cost_usd.value)

    st.markdown(phrases.sentence(now, known.machines))
    if cost_usd is None:
        st.info(t("savings.no_price"), icon=":material/help:")
    else:
        applied(now, known)
        found = data.savings(now, known)
        best = next((s for s in found if s.score_change_share == 0), None)
        with st.container(horizontal=True):
            st.metric(
                t("savings.bill_now"), readable.money(cost_usd), border=True, height="stretch"
            )
            if best is not None:
                st.metric(
                    t("savings.largest"),
                    readable.money(best.saved_usd),
                    delta=t(f"lever.{best.lever}"),
                    delta_color="gray",
                    delta_arrow="off",
                    border=True,
                    height="stretch",
                )
        build_or_buy(now, known)
        if not found:
            st.info(t("savings.none"), icon=":material/task_alt:")
        else:
            st.markdown(f":material/timer: {t('savings.speed_rule')}")
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(t("savings.lead"))
                explained(found, answer, known)
            large = [s for s in found if s.saved_share >= LARGE_SHARE] or found
            pictures.savings(cost_usd, large)
            for saving in large:
                line(saving, now, known.machines)
            if small := found[len(large) :]:
                names = " · ".join(t(f"lever.{saving.lever}") for saving in small)
                title = t("savings.small", count=len(small), names=names)
                with st.expander(title, icon=":material/more_horiz:"):
                    for saving in small:
                        line(saving, now, known.machines)
        compression.show(now, known.evidence)
        federated.show(now, known.evidence)


frame.alone(page)

"""The numbers a story's sentences mention, worked out when they are mentioned."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from string import Formatter

from dashboard import choosable, data, i18n, phrases, plans, readable, worth_words
from dashboard.charts import cost
from dashboard.headlines import Headline, headlines, scalar, training_energy
from dashboard.i18n import t
from dashboard.stories import Step, Story, key
from dashboard.valued import Valued
from engine import catalogue
from engine.projection import api_price
from engine.projection.savings import Saving
from engine.projection.score_curves import ScorePoint
from engine.projection.worth import serving_all
from engine.records import BadInput, Projection
from engine.scenario import Scenario
from engine.validation.stored import read
from engine.value_case import ValueCase

_NO_RANGE = re.compile(r" \(\)|（）")
"""Left of a sentence where a number has no range."""
TASK = "news"
"""Of the measured classifiers, the one that stories show."""


@dataclass(frozen=True)
class Told:
    """One step of a story, with everything that can be said of it."""

    story: Story
    index: int
    scenario: Scenario
    before: Scenario
    """What the step before was about."""
    case: ValueCase
    known: data.Seen

    @property
    def step(self) -> Step:
        """The step told."""
        return self.story.steps[self.index]

    @cached_property
    def answer(self) -> Projection:
        """What the scenario comes to."""
        return data.project(self.scenario, self.known)

    @cached_property
    def cards(self) -> dict[str, Headline]:
        """The headline numbers by name, and what a step may say besides."""
        found = (*headlines(self.scenario, self.answer), training_energy(self.answer))
        return {h.name: h for h in found}

    @cached_property
    def valued(self) -> Valued:
        """What it is worth in the story's use."""
        return data.valued(self.scenario, self.case, self.known)

    @cached_property
    def savings(self) -> list[Saving]:
        """What would cut the bill, the largest first; none while the bill is not known."""
        if not self.answer.total.cost_usd.known:
            return []
        return data.savings(self.scenario, self.known)

    @cached_property
    def measured(self) -> data.Seen:
        """Measurements to show: one's own, else the sample's."""
        return self.known if self.known.evidence.classifier_curve(TASK) else data.sample()

    @property
    def measured_points(self) -> tuple[ScorePoint, ...]:
        """Scores of the classifier shown, smallest first."""
        curve = self.measured.evidence.classifier_curve(TASK)
        return () if curve is None else curve.points


def told_at(story: Story, index: int, own: Scenario, case: ValueCase, known: data.Seen) -> Told:
    """A step of a story; `own` is the scenario of stories that bring none."""
    steps = [_scenario(story, i, own, case) for i in (index, max(0, index - 1))]
    return Told(story, index, steps[0], steps[1], case, known)


def _scenario(story: Story, index: int, own: Scenario, case: ValueCase) -> Scenario:
    if story.use is None:
        return own.replace(**story.choices_at(index))
    start = catalogue.value_template(story.use).scenario
    return serving_all(Scenario.model_validate(start), case).replace(**story.choices_at(index))


def words(told: Told, part: str) -> str | None:
    """A part of a step in words; None where the step has no such part.

    Where a number is not known that the answer is about, the answer says so.
    """
    found = key(told.story, told.step, part)
    if found is None:
        return None
    text = i18n.words(i18n.language())[found]
    names = {name for _, name, _, _ in Formatter().parse(text) if name}
    values = {name: VALUES[name](told) for name in names}
    if readable.DASH in values.values():
        has_none = "lever" in names and told.answer.total.cost_usd.known
        return t("present.no_lever" if has_none else "present.not_all_known")
    return worth_words.escaped(_NO_RANGE.sub("", t(found, **values)))


def _stage_most(told: Told) -> str | None:
    spent = cost.spending(told.answer)
    totals = {stage: sum(v or 0.0 for v in parts.values()) for stage, parts in spent.items()}
    return max(totals, key=lambda stage: totals[stage]) if any(totals.values()) else None


def _most(told: Told) -> str:
    stage = _stage_most(told)
    return t("app.not_known") if stage is None else t(f"stage.{stage}")


def _most_share(told: Told) -> str:
    stage, total = _stage_most(told), scalar(told.answer.total.cost_usd.value)
    if stage is None or not total:
        return readable.DASH
    part = scalar(getattr(told.answer, stage).bill.cost_usd.value)
    return readable.share(None if part is None else part / total)


def _size(told: Told) -> str:
    return readable.count(data.parameter_count(told.scenario))


def _change(told: Told) -> str:
    now = scalar(told.answer.total.cost_usd.value)
    then = scalar(data.project(told.before, told.known).total.cost_usd.value)
    if now is None or not then:
        return readable.DASH
    sign = "+" if now >= then else "−"
    return f"{sign}{readable.share(abs(now / then - 1))}"


def _before(told: Told) -> str:
    return readable.money(scalar(data.project(told.before, told.known).total.cost_usd.value))


def _best_saving(told: Told) -> Saving | None:
    return next((s for s in told.savings if s.score_change_share == 0), None)


def _lever(told: Told) -> str:
    best = _best_saving(told)
    return t("app.not_known") if best is None else t(f"lever.{best.lever}")


def _lever_changes(told: Told) -> str:
    best = _best_saving(told)
    return "" if best is None else plans.told(best.changes, told.scenario, told.known.machines)


def _lever_saves(told: Told) -> str:
    best = _best_saving(told)
    return readable.DASH if best is None else readable.money(best.saved_usd)


def _lever_share(told: Told) -> str:
    best = _best_saving(told)
    return readable.DASH if best is None else readable.share(best.saved_share)


def _worth(name: str, say: Callable[[float | None], str]) -> Callable[[Told], str]:
    return lambda told: say(scalar(getattr(told.valued.worth, name).value))


def _range_of_worth(told: Told) -> str:
    found = told.valued.outlooks.get("npv_usd")
    if found is None:
        return readable.DASH
    return readable.span(found.low, found.high, readable.money)


def _loss(told: Told) -> str:
    return readable.share(None if told.valued.risk is None else told.valued.risk.loss_share)


def _break_even(told: Told) -> str:
    line = worth_words.accuracies(told.valued)
    return t("worth.unknown") if line is None else worth_words.break_even_sentence(line)


def _mover(told: Told) -> str:
    bars = worth_words.bars(told.valued)
    return bars[0].label if bars else t("app.not_known")


def _seller(told: Told) -> str:
    name = told.scenario.api_model
    return t("app.not_known") if name is None else api_price.models().get(name, name)


def _bought(told: Told) -> str:
    return readable.money(scalar(told.answer.deployment.api_usd.value))


def _crossing(told: Told) -> str:
    try:
        found = data.build_or_buy(told.scenario, told.known)
    except BadInput:
        return t("app.not_known")
    if (load := found.break_even_requests_per_day) is None:
        return t("savings.buy_never")
    return t("savings.buy_from", count=readable.count(load), month=phrases.a_month(load))


def _measured_best(told: Told) -> str:
    return readable.score(max((p.score_share for p in told.measured_points), default=None))


def _measured_smallest(told: Told) -> str:
    found = told.measured_points
    best = max((p.score_share for p in found), default=0.0)
    near = [p.parameter_count for p in found if p.score_share >= best - NEAR_SHARE]
    return readable.count(min(near, default=None))


NEAR_SHARE = 0.005
"""Half a point below the best is as good, for a story."""


def _error(claim: str) -> Callable[[Told], str]:
    def say(_: Told) -> str:
        found = next((s for s in read() if s.key == claim and s.is_average), None)
        return readable.share(None if found is None else found.median_error_share)

    return say


def _hardware(told: Told) -> str:
    return phrases.hardware_name(told.scenario.hardware, told.known.machines)


def _place(told: Told) -> str:
    return choosable.place_in_sentence(told.scenario.place)


def _choice(name: str, say: Callable[[float | None], str]) -> Callable[[Told], str]:
    return lambda told: say(scalar(getattr(told.scenario, name)))


def _card(name: str) -> Callable[[Told], str]:
    return lambda told: told.cards[name].text


def _card_range(name: str) -> Callable[[Told], str]:
    return lambda told: told.cards[name].range


CARDS = (
    "total", "training", "serving", "storage", "unit", "accuracy", "energy", "carbon", "time",
    "water", "training_energy",
)  # fmt: skip

VALUES: Mapping[str, Callable[[Told], str]] = {
    **{name: _card(name) for name in CARDS},
    **{f"{name}_range": _card_range(name) for name in CARDS},
    "model": lambda told: catalogue.model(told.scenario.model).name,
    "size": _size,
    "hardware": _hardware,
    "place": _place,
    "requests": _choice("requests_per_day", readable.count),
    "months": _choice("horizon_months", readable.number),
    "devices": _choice("training_device_count", readable.count),
    "most": _most,
    "most_share": _most_share,
    "before": _before,
    "change": _change,
    "lever": _lever,
    "lever_changes": _lever_changes,
    "lever_saves": _lever_saves,
    "lever_share": _lever_share,
    "npv": _worth("npv_usd", readable.money),
    "npv_range": _range_of_worth,
    "payback": _worth("payback_months", worth_words.months),
    "right": _worth("model_right_share", readable.share),
    "per_right": _worth("usd_per_right_outcome", readable.money),
    "loss": _loss,
    "break_even": _break_even,
    "mover": _mover,
    "seller": _seller,
    "bought": _bought,
    "crossing": _crossing,
    "measured_best": _measured_best,
    "measured_smallest": _measured_smallest,
    "error_training": _error("training"),
    "error_serving": _error("serving"),
}
"""What a story's sentences may mention, by the name in braces."""

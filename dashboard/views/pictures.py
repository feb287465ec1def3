"""Charts that a page and a story both show."""

from collections.abc import Callable, Sequence

from dashboard import data, phrases, readable, runs
from dashboard.charts import difference, errors, quality
from dashboard.charts import savings as savings_chart
from dashboard.i18n import t
from dashboard.views import drawn
from engine.projection.difference import Difference
from engine.projection.savings import Saving
from engine.projection.score_curves import ScoreCurve
from engine.scenario import Scenario


def error_pairs(pairs: Sequence[errors.Pair], alt: str) -> None:
    """Our errors beside those of one constant."""
    words = {name: t(f"how_right.{name}") for name in ("ours", "constant", "axis")}
    drawn.chart(errors.errors(pairs, words, readable.share), alt=alt)


def savings(cost_usd: float, found: Sequence[Saving]) -> None:
    """The bill now, and what each lever takes off it."""
    bars = {t(f"lever.{s.lever}"): s.saved_usd for s in found}
    drawn.chart(
        savings_chart.bars(bars, cost_usd, readable.money, readable.part),
        alt=t("savings.alt", parts="; ".join(f"{k} {readable.money(v)}" for k, v in bars.items())),
    )


def causes(
    found: Difference,
    now: Scenario,
    ends: tuple[str, str],
    name: str,
    say: Callable[[float | None], str],
    key: str,
) -> None:
    """What each change contributed, as a waterfall between two `ends`; `key` is unique."""
    parts = {phrases.field(choice, now): value for choice, value in found.parts.items()}
    words = {"before": ends[0], "after": ends[1], "other": t("compare.other")}
    drawn.chart(
        difference.waterfall(found.before, found.after, parts, words, say),
        key=key,
        alt=t(
            "compare.alt",
            name=name,
            before=say(found.before),
            after=say(found.after),
            parts="; ".join(f"{k} {readable.signed(v, say)}" for k, v in parts.items()),
        ),
    )


def scores_by_size(curve: ScoreCurve, name: str) -> None:
    """Score against size, with the curve fitted to it."""
    metric = runs.metric_name(curve.metric)
    words = phrases.chart() | {"accuracy": metric[:1].upper() + metric[1:]}
    drawn.chart(
        quality.accuracy_against_size(
            curve.points, data.fitted(curve), words, readable.count, readable.score
        ),
        alt=t(
            "measurements.quality_alt",
            task=name,
            count=len(curve.points),
            best=readable.score(max(p.score_share for p in curve.points)),
        ),
    )

"""What a model is used for, and what that is worth: the value side of a scenario."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, field_validator

from engine import catalogue
from engine.scenario import Bounds
from engine.units import Float

Share = Annotated[Float, Bounds(0, 1)] | None
Usd = Annotated[Float, Bounds(-1e9, 1e9)] | None
Cost = Annotated[Float, Bounds(0, 1e9)] | None


class ValueCase(BaseModel):
    """One use of a model. Numbers may be arrays, as in a Scenario.

    `None` means "take the template's own guess".
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        use_attribute_docstrings=True,
        arbitrary_types_allowed=True,
    )

    template: str = "assistant"
    """Known use whose guesses are taken."""
    outcomes_per_day: Annotated[Float, Bounds(0, 1e13)] | None = None
    """Cases to decide, whoever decides them."""
    positive_share: Share = None
    """Of the outcomes, those that are to be found."""
    usd_per_true_positive: Usd = None
    usd_per_true_negative: Usd = None
    usd_per_false_positive: Cost = None
    usd_per_false_negative: Cost = None
    recall_share: Share = None
    """Positives the model finds, on the task itself."""
    specificity_share: Share = None
    """Negatives the model leaves alone."""
    baseline_recall_share: Share = None
    baseline_specificity_share: Share = None
    baseline_usd_per_outcome: Cost = None
    """Work that one outcome takes without the model."""
    review_share: Share = None
    """Outcomes that people look at."""
    review_usd_per_outcome: Cost = None
    review_catch_share: Share = None
    growth_share_per_year: Annotated[Float, Bounds(-0.9, 10)] | None = None
    adoption_start_share: Share = None
    adoption_full_share: Share = None
    adoption_months: Annotated[Float, Bounds(0, 600)] | None = None
    requests_per_outcome: Annotated[Float, Bounds(0, 1e6, above_low=True)] | None = None
    build_usd: Annotated[Float, Bounds(0, 1e12)] | None = None
    """People's work before the first outcome, besides the model itself."""
    operate_usd_per_month: Annotated[Float, Bounds(0, 1e12)] | None = None
    """People's work while it runs."""
    social_usd_per_right: Usd = None
    """To others than who pays, per right outcome."""
    value_discount_share_per_year: Annotated[Float, Bounds(-0.5, 1)] = 0.1
    """What a dollar loses by coming a year later; -100 % has no meaning."""

    @field_validator("template")
    @classmethod
    def _known_template(cls, value: str) -> str:
        catalogue.value_template(value)
        return value

    def replace(self, **changes: object) -> ValueCase:
        """This use with some choices changed, checked again.

        Raises:
            pydantic.ValidationError: a value is refused.
        """
        return ValueCase.model_validate(self.model_dump() | changes)


GUESSED = tuple(
    name
    for name in ValueCase.model_fields
    if name not in ("template", "value_discount_share_per_year")
)
"""What the template has a guess for."""

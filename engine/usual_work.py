"""The usual data and requests of a kind of model, so that no images are counted as tokens."""

from collections.abc import Mapping
from types import MappingProxyType

from engine import catalogue
from engine.catalogue.schema import Item, Model

WRITTEN_TOKENS = 300.0
"""Of one answer."""
_BY_ITEM: Mapping[Item, Mapping[str, float]] = MappingProxyType(
    {
        "token": {
            "dataset_items_billion": 160.0,
            "epoch_count": 1.0,
            "input_items_per_request": 1e3,
        },
        "image": {
            "dataset_items_billion": 0.00128,
            "epoch_count": 90.0,
            "input_items_per_request": 1.0,
        },
        "row": {"dataset_items_billion": 4.0, "epoch_count": 1.0, "input_items_per_request": 1.0},
    }
)
"""ImageNet-1k ninety times, Criteo's rows once, twenty tokens for each of 8 billion parameters."""


def usual_work(model: Model) -> dict[str, float]:
    """Data and requests as that kind of model has them, by Scenario field."""
    written = WRITTEN_TOKENS if model.generates else 0.0
    return dict(_BY_ITEM[model.item]) | {"output_items_per_request": written}


def left_to_the_model(choices: Mapping[str, object]) -> dict[str, float]:
    """What choices do not say and their model's kind does; nothing for a model nobody knows."""
    name = choices.get("model")
    if not isinstance(name, str) or name not in catalogue.models():
        return {}
    usual = usual_work(catalogue.model(name))
    return {field: value for field, value in usual.items() if field not in choices}

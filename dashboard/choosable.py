"""What can be chosen, in the reader's words."""

from collections.abc import Mapping, Sequence
from functools import cache

from dashboard import i18n
from dashboard.i18n import t
from engine import catalogue


@cache
def model_names() -> Mapping[str, str]:
    """Every known model by id, smallest first."""
    ids = sorted(catalogue.models(), key=lambda i: catalogue.model(i).parameter_count)
    return {model_id: catalogue.model(model_id).name for model_id in ids}


@cache
def hardware_names() -> Mapping[str, str]:
    """Every accelerator and processor by id, kinds together, names in order."""
    kinds = ("gpu", "tpu", "asic", "cpu")
    known = {device_id: catalogue.accelerator(device_id) for device_id in catalogue.accelerators()}
    ids = sorted(known, key=lambda i: (kinds.index(known[i].kind), known[i].name))
    return {device_id: known[device_id].name for device_id in ids}


def place_names() -> Mapping[str, str]:
    """Every place by id, in the reader's language; states say their country."""
    return _place_names(i18n.language())


def place_in_sentence(place_id: str) -> str:
    """A place as a sentence says it: in the United States, in Iowa (US)."""
    if _is_state(place_id):
        name = i18n.names(i18n.language()).get(place_id, catalogue.place(place_id).name)
        return t("control.us_state_within", name=name)
    within = i18n.names_in_sentences(i18n.language())
    return within.get(place_id) or place_names()[place_id]


@cache
def _place_names(language: str) -> Mapping[str, str]:
    assert language == i18n.language(), "words are those of the page being drawn"
    translated = i18n.names(language)
    names = {i: translated.get(i, catalogue.place(i).name) for i in catalogue.places()}
    return {i: t("control.us_state", name=n) if _is_state(i) else n for i, n in names.items()}


def _is_state(place_id: str) -> bool:
    return place_id.startswith("us:") and place_id != "us:US"


def options(field: str, values: Sequence[str]) -> dict[str, str]:
    """Values of a choice, each with its words."""
    return {value: t(f"option.{field}.{value}") for value in values}

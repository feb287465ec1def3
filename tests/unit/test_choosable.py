"""What can be chosen is said as people say it."""

import pytest

from dashboard import choosable, i18n
from engine import catalogue


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("us:US", "the United States"),
        ("country:SWE", "Sweden"),
        ("country:NLD", "the Netherlands"),
        ("region:EU27", "the EU-27 average"),
        ("us:IA", "Iowa (US)"),
    ],
)
def test_a_place_has_its_article_within_a_sentence(place: str, text: str) -> None:
    assert choosable.place_in_sentence(place) == text


def test_only_places_we_know_are_said_otherwise_within_a_sentence() -> None:
    assert set(i18n.names_in_sentences("en")) <= set(catalogue.places())

"""What can be chosen is said as people say it."""

import pytest

from dashboard import choosable


@pytest.mark.parametrize(
    ("place", "text"),
    [("us:US", "the United States"), ("country:SWE", "Sweden"), ("country:NLD", "the Netherlands")],
)
def test_a_place_has_its_article_within_a_sentence(place: str, text: str) -> None:
    assert choosable.place_in_sentence(place) == text

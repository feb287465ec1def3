"""Tables and sentences of the pages."""

import pytest

from dashboard import fact_rows, phrases


@pytest.mark.parametrize(("kind", "lines"), [("cloud-prices", 3), ("places", 4)])
def test_a_row_of_facts_is_tall_enough_for_its_longest_source(kind: str, lines: int) -> None:
    rows = fact_rows.rows(kind)
    longest = max(len(row.source) for row in rows)
    assert phrases.facts_row_px(rows) == lines * phrases.LINE_PX + 2
    assert (lines - 1) * phrases.LETTERS_A_LINE < max(longest, 2 * phrases.LETTERS_A_LINE + 1)
    assert longest <= lines * phrases.LETTERS_A_LINE

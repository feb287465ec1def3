"""Tables and sentences of the pages."""

import pytest

from dashboard import fact_rows, i18n, phrases


@pytest.mark.parametrize(("kind", "lines"), [("cloud-prices", 3), ("places", 4)])
def test_a_row_of_facts_is_tall_enough_for_its_longest_source(kind: str, lines: int) -> None:
    rows = fact_rows.rows(kind)
    longest = max(len(row.source) for row in rows)
    assert phrases.facts_row_px(rows) == lines * phrases.LINE_PX + 2
    assert (lines - 1) * phrases.LETTERS_A_LINE < max(longest, 2 * phrases.LETTERS_A_LINE + 1)
    assert longest <= lines * phrases.LETTERS_A_LINE


def test_beside_wide_letters_titles_of_sources_fit_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "language", lambda: "zh")
    rows = fact_rows.rows("accelerators")
    titles = phrases.facts_table(rows)[i18n.words("zh")["column.source"]]
    assert max(map(len, titles)) <= phrases.MOST_LETTERS < max(len(row.source) for row in rows)
    assert all(title.endswith("…") or title in {r.source for r in rows} for title in titles)
    assert phrases.facts_row_px(rows) == phrases.LEAST_ROW_PX

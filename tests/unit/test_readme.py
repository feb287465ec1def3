"""What the README says of our errors is what the stored scores say, in both languages."""

import re
from pathlib import Path

import pytest

from engine.validation.stored import read

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| .+? \| ([\d,]+) \| ([\d.]+ %) \| ([\d.]+ %)? *\| (\d+ %) \|$", re.MULTILINE)


@pytest.mark.parametrize("path", ["README.md", "assets/README.zh-CN.md"])
def test_the_errors_told_are_those_stored(path: str) -> None:
    told = ROW.findall((ROOT / path).read_text(encoding="utf-8"))
    assert told == [
        (
            f"{score.scored_count:,}",
            f"{score.median_error_share:.1%}".replace("%", " %"),
            ""
            if score.constant_error_share is None
            else f"{score.constant_error_share:.0%}".replace("%", " %"),
            f"{score.coverage_share:.0%}".replace("%", " %"),
        )
        for score in read()
        if score.is_average
    ]

"""Where a number is from, in the reader's words; titles of works stay in their own language."""

import re
from datetime import date

from dashboard import i18n, readable
from dashboard.i18n import t
from engine.records import Source

_OURS = (
    (re.compile(r"Assumption \w+"), "assumption"),
    (re.compile(r"Template (?P<use>[\w-]+), \w+: .*"), "guess"),
    (re.compile(r"Saturating power law through (?P<count>\d+) measured sizes"), "curve"),
    (re.compile(r"(?P<lever>\w+) of (?P<what>\w+) measured on (?P<machine>.+)"), "lever"),
    (re.compile(r"(?P<workload>\w+) measured on (?P<machine>.+)"), "measured"),
    (re.compile(r"genai-prices (?P<version>\S+): (?P<seller>.+)"), "prices"),
)
"""Sources that are no work of others, by what the engine calls them, and the words for them."""
_NAMED = {"use": "use", "workload": "workload", "what": "measured_family", "lever": "workload"}
"""Parts of those that have words of their own."""


def title(source: Source) -> str:
    """What the source is called."""
    for pattern, key in _OURS:
        if found := pattern.fullmatch(source.title):
            return t(f"cited.{key}", **{k: _named(k, v) for k, v in found.groupdict().items()})
    return i18n.reason(source.title)


def _named(part: str, name: str) -> str:
    key = f"{_NAMED.get(part)}.{name}"
    return t(key) if i18n.known(key) else name


def days(as_of: date | str | None, checked: date | str | None) -> list[str]:
    """When a number held, and when someone looked: each as a few words; texts stay as they are."""
    told = {"as_of": as_of, "checked": checked}
    return [
        t(f"cited.{key}", day=day if isinstance(day, str) else readable.day(day))
        for key, day in told.items()
        if day
    ]

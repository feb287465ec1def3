"""Stories to present: a use of a model told step by step. One file a story."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from dashboard import i18n
from dashboard.i18n import t
from dashboard.link import Choice

FOLDER = Path(__file__).parent / "stories"
OWN = "own"
"""The story about the scenario in the address; the others bring their own."""
PARTS = ("title", "ask", "tell", "notes")


@dataclass(frozen=True)
class Step:
    """One picture and what is said beside it."""

    name: str
    shows: str
    choices: Mapping[str, Choice] = field(default_factory=dict)
    """What changes from here on."""
    numbers: tuple[str, ...] = ()
    """Cards shown, where it shows cards."""


@dataclass(frozen=True)
class Story:
    """Steps from the question to the answer."""

    name: str
    icon: str
    minutes: int
    steps: tuple[Step, ...]
    use: str | None = None
    """The value template whose scenario and guesses it starts from."""
    choices: Mapping[str, Choice] = field(default_factory=dict)
    """Changes of that scenario."""

    def choices_at(self, index: int) -> dict[str, Choice]:
        """All that was changed up to and with that step."""
        changed = dict(self.choices)
        for step in self.steps[: index + 1]:
            changed |= step.choices
        return changed


@cache
def stories() -> Mapping[str, Story]:
    """Every story by name, in the order of their files' `place`."""
    found = {}
    for path in sorted(FOLDER.glob("*.toml")):
        with path.open("rb") as file:
            found[path.stem] = (tomllib.load(file), path.stem)
    ordered = sorted(found.values(), key=lambda pair: int(pair[0]["place"]))
    return {name: _story(name, content) for content, name in ordered}


def _story(name: str, content: Mapping[str, object]) -> Story:
    told = {key: value for key, value in content.items() if key not in ("place", "steps")}
    steps: list[dict[str, object]] = content["steps"]  # type: ignore[assignment]
    made = tuple(Step(**{**step, "numbers": tuple(step.get("numbers", ()))}) for step in steps)  # type: ignore[arg-type]
    return Story(name=name, steps=made, **told)  # type: ignore[arg-type]


def key(story: Story, step: Step, part: str) -> str | None:
    """Which words a step has for a part: the story's own, else those all stories share."""
    keys = (f"story.{story.name}.{step.name}.{part}", f"story_step.{step.name}.{part}")
    return next((name for name in keys if i18n.known(name)), None)


def title(story: Story) -> str:
    """What the story is called."""
    return t(f"story.{story.name}.title")

"""Where a presentation stands: story, step, and whether the answer is shown, all in the address."""

from pathlib import Path

import streamlit as st

from dashboard import link
from dashboard.stories import Story, key, stories

STYLE = Path(__file__).parent / "stage.css"
STORY, STEP, REVEALED, NOTES = "story", "step", "shown", "notes"


def story_name() -> str:
    """The story presented; empty where none is."""
    return link.get(STORY)


def on_stage() -> bool:
    """Whether a story is being told, so that nothing else should be on the screen."""
    return story_name() in stories() and str(st.context.url).rstrip("/").endswith("/present")


def place(story: Story) -> tuple[int, bool]:
    """Index of the step, within the story's; and whether its answer is shown."""
    text = link.get(STEP, "1")
    number = int(text) if text.isdecimal() else 1
    index = min(max(number, 1), len(story.steps)) - 1
    return index, link.get(REVEALED) == "1"


def notes_wanted() -> bool:
    """Whether the speaker's notes are shown."""
    return link.get(NOTES) == "1"


def begin(name: str) -> None:
    """Start a story at its first step."""
    link.write({STORY: name, STEP: None, REVEALED: None})


def forward(story: Story, hidden: bool) -> None:
    """Show the answer, where it is hidden; else the next step."""
    index, _ = place(story)
    if hidden:
        link.write({REVEALED: "1"})
    elif index + 1 < len(story.steps):
        link.write({STEP: str(index + 2), REVEALED: None})


def back(story: Story) -> None:
    """Hide the answer again, where there is a question; else the step before, answered."""
    index, revealed = place(story)
    if revealed and key(story, story.steps[index], "ask"):
        link.write({REVEALED: None})
    elif index > 0:
        link.write({STEP: str(index), REVEALED: "1"})


def toggle_notes() -> None:
    """Show or hide the speaker's notes."""
    link.write({NOTES: None if notes_wanted() else "1"})


def end() -> None:
    """Back to the shelf of stories."""
    link.write({STORY: None, STEP: None, REVEALED: None, NOTES: None})

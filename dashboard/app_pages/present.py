"""A story told step by step: ask, let them guess, show."""

import streamlit as st

from dashboard import cases, controls, data, presenting, widgets
from dashboard.i18n import t
from dashboard.stories import Story, stories, title
from dashboard.telling import Told, told_at, words
from dashboard.views.stage import SHOWS
from engine.value_case import ValueCase

known = data.seen()
asked = controls.asked(known.machines)


def shelf() -> None:
    """Every story, to choose from."""
    st.markdown(t("present.lead"))
    with st.grid(3, min_column_width=280):
        for story in stories().values():
            with st.container(border=True, height="stretch", vertical_alignment="distribute"):
                with st.container():
                    st.header(f"{story.icon} {title(story)}", anchor=False)
                    st.markdown(t(f"story.{story.name}.about"))
                    steps, minutes = str(len(story.steps)), str(story.minutes)
                    st.caption(t("present.length", steps=steps, minutes=minutes))
                st.button(
                    t("present.start"),
                    key=f"start_{story.name}",
                    icon=":material/slideshow:",
                    help=t("present.start_hint", title=title(story)),
                    on_click=presenting.begin,
                    args=(story.name,),
                )
    st.caption(t("present.keys"))


def stage(story: Story) -> None:
    """The step the address names."""
    index, revealed = presenting.place(story)
    told = told_at(story, index, asked.scenario, case_of(story), known)
    question = words(told, "ask")
    hidden = bool(question) and not revealed
    with st.container(key="stage"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            step, steps = str(index + 1), str(len(story.steps))
            where = t("present.progress", title=title(story), step=step, steps=steps)
            st.markdown(where, width="content")
            buttons(story, index, hidden=hidden)
        st.title(words(told, "title") or "", anchor=False)
        with st.container(key="stage_words"):
            st.markdown(question if hidden else words(told, "tell") or "")
        if not hidden:
            with st.container(key="stage_shows"):
                SHOWS[told.step.shows](told)
    if presenting.notes_wanted():
        notes(told)


def case_of(story: Story) -> ValueCase:
    """The use it tells of; its own story takes the one in the address."""
    return cases.asked(asked.chosen).case if story.use is None else ValueCase(template=story.use)


def buttons(story: Story, index: int, *, hidden: bool) -> None:
    """On, back, notes, end: each with its key."""
    last = index == len(story.steps) - 1
    with st.container(horizontal=True, width="content", key="stage_buttons"):
        st.button(
            t("present.back"),
            key="back",
            shortcut="Left",
            disabled=index == 0 and hidden,
            on_click=presenting.back,
            args=(story,),
        )
        if not (last and not hidden):
            st.button(
                t("present.reveal" if hidden else "present.next"),
                key="next",
                type=widgets.main_button(),
                shortcut="Right",
                on_click=presenting.forward,
                args=(story, hidden),
            )
        st.button(t("present.notes"), key="notes", shortcut="N", on_click=presenting.toggle_notes)
        st.button(t("present.end"), key="end", shortcut="Escape", on_click=presenting.end)


def notes(told: Told) -> None:
    """What the speaker says, and what comes next."""
    with st.container(border=True):
        st.markdown(f"**{t('present.notes')}**")
        st.markdown(words(told, "notes") or t("present.no_notes"))


story = stories().get(presenting.story_name())
if story is None:
    shelf()
else:
    stage(story)

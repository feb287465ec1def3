"""Every story can be told, step by step, in every language."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard import data, i18n
from dashboard.stories import FOLDER, Step, Story, key, stories
from dashboard.telling import CARDS, VALUES, told_at, words
from dashboard.views.stage import SHOWS
from engine.projection.evidence import NO_EVIDENCE, Evidence
from engine.scenario import Scenario
from engine.value_case import ValueCase
from tests.measured import fill, measurements

APP = Path(str(dashboard.__file__)).with_name("app.py")
STEPS = [(s, i) for s in stories().values() for i in range(len(s.steps))]
ONE_OF_EACH = {s.steps[i].shows: (s, i) for s, i in reversed(STEPS)}
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def name_of(place: tuple[Story, int]) -> str:
    return f"{place[0].name}-{place[0].steps[place[1]].name}"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('stories') / 'measured.db'}"
    fill(url)
    return url


@pytest.fixture
def measured(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", filled)


def test_there_are_four_ready_stories_and_ones_own() -> None:
    assert set(stories()) == {path.stem for path in FOLDER.glob("*.toml")}
    assert len(stories()) >= 5
    assert [s.name for s in stories().values() if s.use is None] == ["own"]


@pytest.mark.parametrize(("story", "index"), STEPS, ids=map(name_of, STEPS))
def test_every_step_is_complete(story: Story, index: int) -> None:
    step = story.steps[index]
    assert step.shows in SHOWS
    assert set(step.numbers) <= set(CARDS)
    assert bool(step.numbers) == (step.shows == "cards")
    for part in ("title", "tell", "notes"):
        assert key(story, step, part), part


@pytest.mark.parametrize("code", tuple(i18n.LANGUAGES))
@pytest.mark.parametrize("story", stories().values(), ids=lambda story: story.name)
def test_every_sentence_has_its_numbers(
    story: Story, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n, "language", lambda: code)
    found = measurements()
    known = data.Seen("test", tuple(found), Evidence.of(found))
    case = ValueCase(template=story.use or "assistant")
    for index in range(len(story.steps)):
        told = told_at(story, index, Scenario(), case, known)
        for part in ("title", "ask", "tell", "notes"):
            sentence = words(told, part)
            assert sentence is None or not PLACEHOLDER.search(sentence)


@pytest.mark.parametrize("code", tuple(i18n.LANGUAGES))
def test_what_is_not_known_is_said_in_a_sentence_of_its_own(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n, "language", lambda: code)
    story, own = stories()["own"], Scenario(hardware="b300-sxm")
    known = data.Seen("none", (), NO_EVIDENCE)
    tells = [
        words(told_at(story, index, own, ValueCase(template="assistant"), known), "tell") or ""
        for index in range(len(story.steps))
    ]
    assert i18n.words(code)["present.not_all_known"] in tells
    assert not any("()" in tell or "（）" in tell or "–," in tell for tell in tells)


def test_nothing_can_be_said_that_no_sentence_asks_for() -> None:
    texts = [t for code in i18n.LANGUAGES for k, t in i18n.words(code).items() if k[:5] == "story"]
    asked = {name for text in texts for name in PLACEHOLDER.findall(text)}
    spare = {name for name in VALUES if name.removesuffix("_range") in CARDS}
    assert asked <= set(VALUES)
    assert set(VALUES) - spare <= asked


def test_what_a_step_changes_holds_for_those_after_it() -> None:
    steps = (
        Step("a", "nothing"),
        Step("b", "changed", {"pue": 1.5}),
        Step("c", "nothing", {"place": "country:SWE"}),
    )
    story = Story("s", "", 1, steps, choices={"pue": 1.1})
    assert story.choices_at(0) == {"pue": 1.1}
    assert story.choices_at(2) == {"pue": 1.5, "place": "country:SWE"}


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize(
    ("story", "index"), ONE_OF_EACH.values(), ids=map(name_of, ONE_OF_EACH.values())
)
def test_every_picture_is_drawn(story: Story, index: int) -> None:
    app = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in {"story": story.name, "step": str(index + 1), "shown": "1"}.items():
        app.query_params[name] = value
    app.run()
    app.switch_page("app_pages/present.py").run()
    assert not app.exception, [e.message for e in app.exception]
    drawn = len(app.get("plotly_chart")) + len(app.metric)
    assert drawn >= (story.steps[index].shows != "nothing")


@pytest.mark.usefixtures("measured")
def test_the_answer_comes_after_the_question_and_back_hides_it() -> None:
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.query_params["story"] = "news"
    app.query_params["step"] = "4"
    app.run()
    app.switch_page("app_pages/present.py").run()
    assert len(app.get("plotly_chart")) == 0
    app.button(key="next").click().run()
    assert len(app.get("plotly_chart")) == 1
    app.button(key="next").click().run()
    assert app.query_params["step"] == "5"
    app.button(key="back").click().run()
    assert (app.query_params["step"], app.query_params["shown"]) == ("4", "1")
    app.button(key="back").click().run()
    assert len(app.get("plotly_chart")) == 0
    app.button(key="end").click().run()
    assert "story" not in app.query_params

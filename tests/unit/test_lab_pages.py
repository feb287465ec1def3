"""The Measure page and every view of what was measured, in both languages."""

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard import data, i18n, measuring
from dashboard.i18n import words
from dashboard.measuring import Run
from db.session import open_database
from db.store import save_measurement

FOLDER = Path(str(dashboard.__file__)).parent
VIEWS = ("machine", "lifecycle", "levers", "collectives", "history", "runs")
LANGUAGES = tuple(i18n.LANGUAGES)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELWORTH_CACHE", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'measured.db'}")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that holds the sample."""
    path = tmp_path_factory.mktemp("sample") / "measured.db"
    database = open_database(f"sqlite:///{path}")
    for m in data.sample().measurements:
        save_measurement(database, m)
    database.dispose()
    return path


@pytest.fixture
def filled(sample: Path, tmp_path: Path) -> None:
    """The sample as if it were this machine's own."""
    shutil.copy(sample, tmp_path)


def opened(page: str, code: str = "en") -> AppTest:
    app = AppTest.from_file(str(FOLDER / "app.py"), default_timeout=60)
    app.query_params["lang"] = code
    app.switch_page(f"app_pages/{page}.py").run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def remembered(*events: dict[str, object]) -> None:
    measuring.folder().mkdir(exist_ok=True)
    measuring._remember(Run("toy", 1, False, 1, 0.0, "2026-01-01T09:30:00+00:00"))
    text = "\n".join(json.dumps(event) for event in events)
    (measuring.folder() / "progress.jsonl").write_text(text)


PLANNED = {"event": "planned", "all": 9, "left": 4, "expected_s": 4.0}
FINISHED = {
    "event": "finished", "workload": "matmul", "settings": {"size": 8}, "time_s": 0.5,
    "flop": 1e9, "moved_bytes": None, "energy_j": 2.0, "energy_kind": "estimated",
}  # fmt: skip


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_and_is_not_called_a_sample(view: str, code: str) -> None:
    app = opened("measurements", code)
    app.segmented_control(key="view").set_value(view).run()
    assert not app.exception, [e.message for e in app.exception]
    assert not app.warning
    assert app.dataframe or app.get("plotly_chart")


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("view", VIEWS)
def test_a_sample_is_called_one_in_every_view(view: str, code: str) -> None:
    app = opened("measurements", code)
    app.segmented_control(key="view").set_value(view).run()
    device = data.sample().measurements[0].machine.device_name
    badge = words(code)["lab.sample_short"].format(device=device)
    assert any(badge in text.value for text in app.markdown)
    assert device in app.warning[0].value


def test_the_sample_is_no_evidence() -> None:
    assert data.seen().measurements == ()
    assert data.seen().evidence.hardware == {}
    assert len(data.sample().evidence.hardware) == 1


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("quantity", ["time_s", "energy_j", "made_bytes", "memory_bytes"])
def test_a_life_shows_each_quantity(quantity: str) -> None:
    app = opened("measurements")
    app.segmented_control(key="view").set_value("lifecycle").run()
    app.segmented_control(key="life_quantity").set_value(quantity).run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == 1


@pytest.mark.parametrize("code", LANGUAGES)
def test_served_to_everyone_the_page_does_not_measure_and_says_why(code: str) -> None:
    app = opened("measure", code)
    assert not app.button
    assert app.header[0].value == words(code)["measure.refused_title"]
    assert app.code[0].value == "modelworth measure --suite quick"


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([PLANNED, FINISHED], "died"),
        ([PLANNED, FINISHED, {"event": "ended", "reason": None}], "done"),
        ([PLANNED, {"event": "ended", "reason": None}], "held"),
        ([PLANNED, FINISHED, {"event": "ended", "reason": "Stopped. 1 kept."}], "stopped"),
        ([PLANNED, FINISHED, {"event": "ended", "reason": "No room."}], "failed"),
    ],
)
def test_what_became_of_the_last_run_is_said(
    events: list[dict[str, object]], state: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(measuring.SWITCH, "on")
    remembered(*events)
    app = opened("measure", code)
    spoken = words(code)
    said = spoken[f"measure.was_{state}"].format(
        suite=spoken["suite.toy"], measured=1, failed=0, held=5
    )
    boxes = [*app.success, *app.info, *app.warning, *app.error]
    assert [box.value for box in boxes] == [said]
    assert app.button(key="start")


def test_the_button_starts_what_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(measuring.SWITCH, "on")
    asked: list[tuple[str, int, bool]] = []
    monkeypatch.setattr(
        measuring,
        "start",
        lambda suite, process_count, again: asked.append((suite, process_count, again)),
    )
    app = opened("measure")
    app.segmented_control(key="suite").set_value("toy").run()
    app.toggle(key="again").set_value(True).run()
    app.button(key="start").click().run()
    assert asked == [("toy", 1, True)]


def test_who_comes_second_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(measuring.SWITCH, "on")

    def taken(suite: str, process_count: int, again: bool) -> None:
        raise measuring.Busy

    monkeypatch.setattr(measuring, "start", taken)
    app = opened("measure")
    app.button(key="start").click().run()
    assert app.warning[0].value == words("en")["measure.busy"]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_run_under_way_shows_how_far_it_is_and_can_be_stopped(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(measuring.SWITCH, "on")
    started = {"event": "started", "workload": "matmul", "settings": {"size": 16}, "expected_s": 1}
    remembered(PLANNED, FINISHED, started)
    stopped: list[bool] = []
    monkeypatch.setattr(measuring, "stop", lambda: stopped.append(True))
    with measuring._locked():
        app = opened("measure", code)
        assert not app.exception
        assert len(app.dataframe[0].value) == 1
        assert app.button(key="stop").label == words(code)["measure.stop"]
        app.button(key="stop").click().run()
    assert stopped == [True]

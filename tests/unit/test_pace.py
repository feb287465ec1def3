"""A page drawn alone gives way to the next move, and to nothing else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

from dashboard import pace


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> ScriptRequests:
    """What is asked of a page that is being drawn alone."""
    asked = ScriptRequests()
    context = SimpleNamespace(fragment_ids_this_run=["page"], script_requests=asked)
    monkeypatch.setattr(pace, "get_script_run_ctx", lambda: context)
    monkeypatch.setattr(pace, "LET_OUT_S", 0.0)
    return asked


@pytest.fixture
def begun_again(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each time the page began again, and how much of it."""
    scopes: list[str] = []
    monkeypatch.setattr(pace.st, "rerun", lambda scope: scopes.append(scope))
    return scopes


def test_nothing_asked_draws_on(requests: ScriptRequests, begun_again: list[str]) -> None:
    pace.let_out()
    assert pace.is_alone()
    assert begun_again == []


def test_a_move_while_drawing_begins_again(
    requests: ScriptRequests, begun_again: list[str]
) -> None:
    requests.request_rerun(RerunData(fragment_id="page"))
    pace.let_out()
    assert begun_again == ["fragment"]


def test_what_is_asked_of_the_whole_app_is_left_to_streamlit(
    requests: ScriptRequests, begun_again: list[str]
) -> None:
    requests.request_rerun(RerunData(is_history_navigation=True))
    pace.let_out()
    assert begun_again == []


def test_with_its_frame_a_page_is_not_alone(
    monkeypatch: pytest.MonkeyPatch, requests: ScriptRequests, begun_again: list[str]
) -> None:
    context = SimpleNamespace(fragment_ids_this_run=None, script_requests=requests)
    monkeypatch.setattr(pace, "get_script_run_ctx", lambda: context)
    requests.request_rerun(RerunData(fragment_id="page"))
    pace.let_out()
    assert not pace.is_alone()
    assert begun_again == []


def test_only_the_first_page_of_a_browser_waits_for_its_numbers(
    monkeypatch: pytest.MonkeyPatch, requests: ScriptRequests
) -> None:
    waits_s: list[float] = []
    headers: dict[str, str] = {}
    monkeypatch.setattr(pace.time, "sleep", waits_s.append)
    monkeypatch.setattr(pace.st, "session_state", {})
    monkeypatch.setattr(pace.st, "context", SimpleNamespace(headers=headers))
    pace.let_in()
    headers["User-Agent"] = "Chrome"
    pace.let_in()
    pace.let_in()
    assert waits_s == [0.0, pace.FIRST_S, 0.0, 0.0]

"""What was begun and never ended goes last; what ended is forgotten."""

from contextlib import suppress
from pathlib import Path

import pytest

from engine.cli.measure_attempts import Attempt, unlucky_last

JOBS = ["a", "b", "c"]


@pytest.fixture(autouse=True)
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kept" / "attempts.json"
    monkeypatch.setenv("MODELWORTH_ATTEMPTS", str(path))
    return path


def test_what_never_ended_goes_last_and_what_did_keeps_its_place() -> None:
    Attempt().begin("a")
    with Attempt() as attempt:
        attempt.begin("b")
        attempt.begin("c")
    assert unlucky_last(JOBS, str) == ["b", "c", "a"]
    Attempt().begin("a")
    Attempt().begin("b")
    assert unlucky_last(JOBS, str) == ["c", "b", "a"]


def test_an_error_is_an_end() -> None:
    with suppress(RuntimeError), Attempt() as attempt:
        attempt.begin("a")
        raise RuntimeError
    assert unlucky_last(JOBS, str) == JOBS


@pytest.mark.parametrize("content", ["", "[1]", '{"a": "x"}', "{"])
def test_a_note_that_cannot_be_read_changes_nothing(noted: Path, content: str) -> None:
    noted.parent.mkdir()
    noted.write_text(content)
    assert unlucky_last(JOBS, str) == JOBS


def test_a_folder_that_cannot_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MODELWORTH_ATTEMPTS", str(tmp_path / "file" / "attempts.json"))
    with Attempt() as attempt:
        attempt.begin("a")
    assert unlucky_last(JOBS, str) == JOBS

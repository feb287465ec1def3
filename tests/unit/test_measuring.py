"""Who may measure, and what a run's own words mean."""

import json

import pytest

from dashboard import measuring
from dashboard.measuring_progress import Job, progress_of
from engine.measurement.suites import SUITES

FROM_ELSEWHERE = {"X-Forwarded-For": "203.0.113.9"}


@pytest.mark.parametrize(
    ("address", "headers", "switch", "may"),
    [
        ("localhost", {}, None, True),
        ("127.0.0.1", {}, None, True),
        ("::1", {}, None, True),
        (None, {}, None, False),
        ("0.0.0.0", {}, None, False),
        ("192.168.1.7", {}, None, False),
        ("lab.example.org", {}, None, False),
        ("localhost", FROM_ELSEWHERE, None, False),
        ("0.0.0.0", FROM_ELSEWHERE, "on", True),
        ("localhost", {}, "off", False),
        ("0.0.0.0", {}, "yes", False),
    ],
)
def test_only_a_dashboard_for_this_machine_alone_measures_by_itself(
    address: str | None, headers: dict[str, str], switch: str | None, may: bool
) -> None:
    assert measuring.allowed(address, headers, switch) is may


def test_the_page_offers_every_suite() -> None:
    assert set(measuring.SUITES) == set(SUITES)


PLANNED = {"event": "planned", "all": 5, "left": 4, "expected_s": 10.0}
STARTED = {"event": "started", "workload": "matmul", "settings": {"size": 8}, "expected_s": 4.0}
FINISHED = {
    "event": "finished", "workload": "matmul", "settings": {"size": 8}, "time_s": 0.5,
    "flop": 1e9, "moved_bytes": None, "energy_j": 2.0, "energy_kind": "estimated",
}  # fmt: skip


def lines(*events: dict[str, object]) -> list[str]:
    return [json.dumps(event) for event in events]


def test_before_a_word_nothing_is_known() -> None:
    found = progress_of([])
    assert (found.all_count, found.done_share, found.left_s(5.0)) == (None, 0.0, None)


def test_a_job_under_way_counts_by_its_share() -> None:
    found = progress_of(lines(PLANNED, STARTED, {"event": "advanced", "share": 0.5}))
    assert (found.workload, found.settings, found.share) == ("matmul", {"size": 8}, 0.5)
    assert found.done_share == pytest.approx(0.2)
    assert found.left_s(6.0) == pytest.approx(24.0)


def test_epochs_are_parts_of_a_learning_job() -> None:
    found = progress_of(lines(PLANNED, STARTED, {"event": "trained", "number": 3, "of": 4}))
    assert found.share == 0.75


def test_a_job_that_is_over_is_kept_with_its_numbers() -> None:
    found = progress_of(lines(PLANNED, STARTED, FINISHED))
    assert found.jobs == (
        Job("matmul", {"size": 8}, 0.5, 1e9, None, 2.0, "estimated", None),
    )  # fmt: skip
    assert (found.workload, found.done_share) == (None, pytest.approx(0.4))


def test_what_could_not_be_measured_is_told_apart() -> None:
    failed = {"event": "failed", "workload": "train", "settings": {}, "reason": "No data."}
    found = progress_of(lines(PLANNED, STARTED, FINISHED, failed))
    assert found.measured_count == 1
    assert [job.reason for job in found.failed] == ["No data."]


def test_a_line_cut_off_counts_for_nothing() -> None:
    assert progress_of([*lines(PLANNED), '{"event": "star']) == progress_of(lines(PLANNED))


def test_the_end_says_whether_somebody_stopped_it() -> None:
    done = progress_of(lines(PLANNED, {"event": "ended", "reason": None}))
    assert (done.has_ended, done.was_stopped, done.done_share) == (True, False, 1.0)
    stopped = progress_of(lines({"event": "ended", "reason": "Stopped. 1 of 4 are kept."}))
    assert stopped.was_stopped
    failed = progress_of(lines({"event": "ended", "reason": "No disk."}))
    assert (failed.has_ended, failed.was_stopped) == (True, False)

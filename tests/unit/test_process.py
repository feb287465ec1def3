"""What is seen of this process and of the machine around it."""

from __future__ import annotations

import time
from collections import namedtuple
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest

from engine.measurement.meters import process
from engine.measurement.meters.process import ProcessObserver, _Seen


def looks(*seen: _Seen) -> Iterator[_Seen]:
    return iter(seen)


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> ProcessObserver:
    monkeypatch.setattr(process.psutil, "cpu_count", lambda: 4)
    observer = ProcessObserver()
    before = _Seen(10.0, 2.0, 100.0, 1_000, 50, 3_000.0)
    after = _Seen(20.0, 22.0, 130.0, 1_500, 50, 2_700.0)
    both = looks(before, after)
    monkeypatch.setattr(observer, "_look", lambda: next(both))
    observer.start()
    return observer


def test_own_use_is_told_from_others_and_clock_drift_is_kept(quiet: ProcessObserver) -> None:
    seen = quiet.stop()
    assert seen["cpu_use_share"] == 20.0 / 40.0
    assert seen["other_cpu_use_share"] == 10.0 / 40.0
    assert (seen["read_bytes"], seen["written_bytes"]) == (500.0, 0.0)
    assert (seen["cpu_clock_mhz"], seen["cpu_clock_change_share"]) == (2_700.0, pytest.approx(-0.1))


def test_what_a_system_does_not_tell_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process.psutil, "cpu_freq", lambda: None)
    monkeypatch.setattr(process, "_traffic", lambda own: None)
    observer = ProcessObserver()
    observer.start()
    seen = observer.stop()
    assert not {"read_bytes", "written_bytes", "cpu_clock_mhz"} & seen.keys()
    assert seen["resident_bytes"] == pytest.approx(psutil.Process().memory_info().rss, rel=0.5)


def test_idle_waiting_and_guests_are_not_work_twice() -> None:
    times = namedtuple("times", "user system idle iowait guest")(10.0, 5.0, 70.0, 3.0, 4.0)
    assert process._busy_s(times) == 10.0 + 5.0


def test_a_look_costs_next_to_nothing() -> None:
    observer = ProcessObserver()
    start_s = time.thread_time()
    for _ in range(20):
        observer.start()
    assert (time.thread_time() - start_s) / 20 < 0.005


def test_a_processor_that_will_not_say_its_clock_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> SimpleNamespace:
        raise NotImplementedError

    monkeypatch.setattr(process.psutil, "cpu_freq", refuse)
    assert process._clock_mhz() is None

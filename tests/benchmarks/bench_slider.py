"""Our own speed on the screen: What if beside the smallest app there is, in one Chromium.

Both are visited by turns, so that whatever else the machine does meets both alike. A move is
one press of an arrow key, each to a place not visited before; its time runs from the key to the
new number on the page. Run with `pytest -m benchmark -s tests/benchmarks/bench_slider.py`.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, repeat
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import DESKTOP, STEP_TIMEOUT_MS, browser, settled
from tests.browser.serving import serving

__all__ = ["browser"]

EMPTY = Path(__file__).with_name("empty_app.py")
MOVE_COUNT = 40
PAINT_COUNT = 7
PAUSE_MS = 2_000
LONG_COUNT = 1_000
SETTLING_COUNT = 100
"""Moves before memory is first read: caches fill, and stay full."""

WATCHED = """
number => {
  const read = () => number ? document.querySelector(number)?.textContent : location.href;
  const before = read();
  window.moved = new Promise((done, failed) => {
    const patience = setTimeout(() => failed(new Error("nothing moved")), 30000);
    addEventListener("keydown", () => {
      const start = performance.now();
      const watch = () => {
        const now = read();
        if (!now || now === before) return void requestAnimationFrame(watch);
        clearTimeout(patience);
        done(performance.now() - start);
      };
      watch();
    }, {once: true, capture: true});
  });
}
"""
NUMBER = "[data-testid=stMetricValue]"
Route = Iterator[tuple[str, str]]
"""Slider and key of one move after another."""
SLIDERS = ("parameters_billion", "horizon_months", "dataset_items_billion")
SWEEP = (14, 8)
"""Steps along the first slider before one of the second, and along that before one of the third."""


def route() -> Route:
    """All over What if, to no place twice."""
    keys = ["ArrowLeft", "ArrowRight"]
    first, second = 0, 0
    # The first stop is so near the model's own size that the number may stay what it was.
    yield SLIDERS[0], keys[first]
    while True:
        for _ in range(SWEEP[1]):
            yield from [(SLIDERS[0], keys[first])] * SWEEP[0]
            yield SLIDERS[1], keys[second]
            first = 1 - first
        yield SLIDERS[2], keys[0]
        second = 1 - second


class App(NamedTuple):
    """One of the two."""

    name: str
    address: str
    route: Route
    process: psutil.Process


@contextmanager
def running(name: str, script: Path | None, way: Route, folder: Path) -> Iterator[App]:
    """An app in a process of its own; `script` in place of the dashboard's."""
    database = f"sqlite:///{folder / 'empty.db'}"
    with serving(folder / f"{name}.txt", database, script) as (address, server):
        yield App(name, address, way, psutil.Process(server.pid))


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, App]]:
    folder = tmp_path_factory.mktemp("apps")
    downwards = repeat(("where", "ArrowLeft"))
    with (
        running("What if", None, route(), folder) as ours,
        running("empty app", EMPTY, downwards, folder) as empty,
    ):
        yield ours, empty


def opened(browser: Browser, app: App) -> tuple[Page, float]:
    """A page in a fresh context, and the milliseconds until its first number."""
    page = browser.new_context(viewport=DESKTOP).new_page()
    page.set_default_timeout(STEP_TIMEOUT_MS)
    page.goto(app.address, wait_until="commit")
    page.wait_for_selector(NUMBER)
    painted_ms: float = page.evaluate("performance.now()")
    settled(page)
    return page, painted_ms


def move(page: Page, slider: str, key: str, number: str | None = NUMBER) -> float:
    """Milliseconds from one press to the new number; to the new address where none is watched."""
    page.evaluate(WATCHED, number)
    press(page, slider, key)
    took_ms: float = page.evaluate("window.moved")
    return took_ms


def press(page: Page, slider: str, key: str) -> None:
    page.locator(f".st-key-{slider} input[type=range]").focus()
    page.keyboard.press(key)


def say(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n  {text}\n")


def beside(what: str, times_ms: dict[str, list[float]], percent: float) -> str:
    """One quantile of both, and how many times ours takes."""
    ours, empty = (float(np.percentile(times, percent)) for times in times_ms.values())
    return f"{what}: {ours:.0f} ms, empty app {empty:.0f} ms, {ours / empty:.2f} times"


@pytest.mark.benchmark
def test_time_from_a_move_to_the_new_number(
    browser: Browser, apps: tuple[App, App], capsys: pytest.CaptureFixture[str]
) -> None:
    pages = {app.name: opened(browser, app)[0] for app in apps}
    times_ms: dict[str, list[float]] = {app.name: [] for app in apps}
    for app in apps:
        press(pages[app.name], *next(app.route))
        pages[app.name].wait_for_timeout(PAUSE_MS)
        settled(pages[app.name])
    for _ in range(MOVE_COUNT):
        for app in apps:
            times_ms[app.name].append(move(pages[app.name], *next(app.route)))
            settled(pages[app.name])
    say(beside("slider to new number, median", times_ms, 50), capsys)
    say(beside("slider to new number, p95", times_ms, 95), capsys)
    for page in pages.values():
        page.context.close()


@pytest.mark.benchmark
def test_time_to_first_paint(
    browser: Browser, apps: tuple[App, App], capsys: pytest.CaptureFixture[str]
) -> None:
    times_ms: dict[str, list[float]] = {app.name: [] for app in apps}
    for _ in range(PAINT_COUNT):
        for app in apps:
            page, painted_ms = opened(browser, app)
            times_ms[app.name].append(painted_ms)
            page.context.close()
    say(beside("first number on the page, median", times_ms, 50), capsys)


@pytest.mark.benchmark
def test_memory_over_a_thousand_moves(
    browser: Browser, apps: tuple[App, App], capsys: pytest.CaptureFixture[str]
) -> None:
    app = apps[0]
    page, _ = opened(browser, app)
    held_mb: list[float] = []
    for number, (slider, key) in enumerate(islice(route(), SETTLING_COUNT + LONG_COUNT)):
        if number >= SETTLING_COUNT and (number - SETTLING_COUNT) % 100 == 0:
            held_mb.append(app.process.memory_info().rss / 1e6)
        move(page, slider, key, number=None)
    held_mb.append(app.process.memory_info().rss / 1e6)
    told = ", ".join(f"{held:.0f}" for held in held_mb)
    grown_mb = held_mb[-1] - held_mb[0]
    say(f"server memory over {LONG_COUNT:,} moves: {grown_mb:+.1f} MB ({told} MB)", capsys)
    page.context.close()

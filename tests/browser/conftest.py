"""The real app on a free port over a seeded database, and a browser to visit it with."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, ChromiumMissingError, found
from tests.browser.serving import serving
from tests.measured import fill

Size = dict[str, int]

STEP_TIMEOUT_MS = 60_000
DESKTOP: Size = {"width": 1440, "height": 1000}
PHONE: Size = {"width": 390, "height": 844}
PHONE_AGENT = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36"
)

ONLY_WHAT_IS_WRONG = {"resultTypes": ["violations"]}
"""Else axe-core describes every element that is right as well."""

expect.set_options(timeout=STEP_TIMEOUT_MS)

Visit = Callable[..., Page]


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the app keeps its records: it holds some measurements."""
    url = f"sqlite:///{tmp_path_factory.mktemp('database') / 'measured.db'}"
    fill(url)
    return url


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[str]:
    """Where the app answers."""
    with serving(tmp_path_factory.mktemp("app") / "log.txt", database) as (address, _):
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium that asks nothing of the network.

    Of one file: until it is closed, nothing else of this process can use asyncio.
    """
    path = found()
    if path is None:
        raise ChromiumMissingError
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Opens an address in a fresh context; at the end no page may have complained."""
    complaints: list[str] = []
    contexts = []

    def opened(where: str = "/", *, size: Size = DESKTOP, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport=size,
            color_scheme=scheme,
            user_agent=PHONE_AGENT if size is PHONE else None,
            reduced_motion="reduce",  # without a GPU, every frame of a fade costs time
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(STEP_TIMEOUT_MS)
        page.on("console", lambda message: complaints.extend(_complaint(message)))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda answer: complaints.extend(_refusal(answer)))
        page.goto(where if where.startswith("http") else address + where)
        settled(page)
        return page

    yield opened
    for context in contexts:
        for page in context.pages:
            assert page.get_by_test_id("stException").count() == 0
        context.close()
    assert complaints == []


def settled(page: Page) -> None:
    """Wait until the script has run and the page shows what it gave."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=STEP_TIMEOUT_MS)
    expect(page.locator("[data-stale=true]")).to_have_count(0, timeout=STEP_TIMEOUT_MS)


def violations(page: Page) -> list[str]:
    """What axe-core finds seriously wrong, and where."""
    settled(page)
    found = Axe().run(page, options=ONLY_WHAT_IS_WRONG).response["violations"]
    return [
        f"{v['id']}: {node['html'][:160]}"
        for v in found
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"]
    ]


def _complaint(message: ConsoleMessage) -> list[str]:
    # A refused request is told apart by its address, which only the response has.
    is_refusal = "Failed to load resource" in message.text
    return [message.text] if message.type == "error" and not is_refusal else []


def _refusal(answer: Response) -> list[str]:
    # Opened below `/`, Streamlit first looks for its server there and is told it is elsewhere.
    is_probe = "/_stcore/" in answer.url
    return [f"{answer.status} {answer.url}"] if answer.status >= 400 and not is_probe else []

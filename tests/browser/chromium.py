"""A Chromium for the browser tests: the system's, else Playwright's own, else from Debian.

`python -m tests.browser.chromium` sees to it that there is one.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
MISSING = (
    "The browser tests need Chromium, and none was found or could be had: install your system's "
    "`chromium` package, or run `.venv/bin/playwright install chromium` with a network."
)
DOWNLOAD_TIMEOUT_S = 300


class ChromiumMissingError(RuntimeError):
    """There is no Chromium here, and none could be had."""


def found() -> Path | None:
    """A Chromium that is here already, or None."""
    for name in SYSTEM_NAMES:
        path = shutil.which(name)
        if path is not None:
            return Path(path)
    return _playwrights_own()


def had() -> Path:
    """A Chromium, fetched where none is here.

    Raises:
        ChromiumMissingError: there is none, and none could be had.
    """
    here = found()
    if here is not None:
        return here
    for fetch in (_from_playwright, _from_debian):
        if fetch() and (here := found()) is not None:
            return here
    raise ChromiumMissingError(MISSING)


def _playwrights_own() -> Path | None:
    try:
        with sync_playwright() as playwright:
            path = Path(playwright.chromium.executable_path)
    except Error:
        return None
    return path if path.exists() else None


def _from_playwright() -> bool:
    return _worked([sys.executable, "-m", "playwright", "install", "chromium"])


def _from_debian() -> bool:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return False
    _worked(["apt-get", "update", "--quiet"])
    return _worked(["apt-get", "install", "--yes", "--quiet", "chromium"])


def _worked(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=DOWNLOAD_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


if __name__ == "__main__":
    try:
        had()
    except ChromiumMissingError as error:
        sys.exit(str(error))

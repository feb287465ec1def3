"""The order of files, and quiet where Streamlit would say at every word that no page is open."""

import os

import pytest

os.environ.setdefault("STREAMLIT_LOGGER_LEVEL", "error")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that take long come first, so that no core waits for one at the end.

    Files with a test in a browser, then those with another slow one, then the others.
    """
    first = {item.path for item in items if item.get_closest_marker("browser")}
    second = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in first, item.path not in second))

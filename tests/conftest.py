"""The order of files: those that take long come first, so that no core waits for one at the end."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a test in a browser, then those with another slow one, then the others."""
    first = {item.path for item in items if item.get_closest_marker("browser")}
    second = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in first, item.path not in second))

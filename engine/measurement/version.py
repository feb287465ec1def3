"""Which method and which code took a measurement."""

from __future__ import annotations

import functools
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

METHOD = "4"
"""Raised when the way of measuring changes, so that old measurements are taken anew."""

SOURCE = Path(__file__).resolve().parents[2]


@functools.cache
def code(source: Path = SOURCE) -> str:
    """The package's version, and the commit where it runs from a checkout."""
    commit = _commit(source) if (source / ".git").exists() else ""
    return f"{_package_version()}+{commit}" if commit else _package_version()


def _package_version() -> str:
    try:
        return metadata.version("modelworth")
    except metadata.PackageNotFoundError:
        return "unpackaged"


def _commit(source: Path) -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "-C", str(source), "describe", "--always", "--dirty"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return answer.stdout.strip()

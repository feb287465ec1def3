"""Prepared arrays, kept in the cache between runs."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.measurement.archives import DataUnavailable, cache_folder, cannot_write

Arrays = dict[str, npt.NDArray[Any]]


def prepared_path(name: str, version: str) -> Path:
    """Where arrays of that name are kept; another version is another file."""
    return cache_folder() / "prepared" / f"{name}-{version}.npz"


def kept_or_made(path: Path, make: Callable[[], Mapping[str, npt.NDArray[Any]]]) -> Arrays:
    """The arrays kept at `path`, or made now and kept there.

    Raises:
        DataUnavailable: they cannot be made, or not be kept.
    """
    kept = _read(path)
    if kept is not None:
        return kept
    made = dict(make())
    _keep(path, made)
    return made


def _read(path: Path) -> Arrays | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile):
        # Missing or damaged: either way it is made again.
        return None


def _keep(path: Path, arrays: Arrays) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            unfinished = Path(folder) / path.name
            with unfinished.open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
            unfinished.replace(path)
    except OSError as error:
        raise DataUnavailable(cannot_write(path.parent, error)) from error

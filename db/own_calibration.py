"""Corrections from a user's own measurements, kept as a small file in the user's data folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

import platformdirs

from engine.projection.own_calibration import (
    NO_OWN_CALIBRATION,
    OwnCalibration,
    as_document,
    from_document,
)
from engine.records import CannotContinue

FILE = "calibration.json"


def calibration_path() -> Path:
    """Where corrections are kept: MODELWORTH_CALIBRATION, else the user's data folder."""
    chosen = os.environ.get("MODELWORTH_CALIBRATION", "").strip()
    folder = platformdirs.user_data_path("modelworth", appauthor=False)
    return Path(chosen) if chosen else folder / FILE


def load_own_calibration(path: Path | None = None) -> OwnCalibration:
    """The corrections kept, none where there is no file.

    Raises:
        CannotContinue: the file cannot be read or understood.
    """
    file = path or calibration_path()
    try:
        return from_document(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return NO_OWN_CALIBRATION
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CannotContinue(
            f"The corrections in {file} cannot be read ({error}). Delete the file, then run "
            "`modelworth calibrate --own` again."
        ) from error


def save_own_calibration(own: OwnCalibration, path: Path | None = None) -> Path:
    """Keep the corrections, in place of those kept before; the file they are in.

    Raises:
        CannotContinue: the file cannot be written.
    """
    file = path or calibration_path()
    part = file.with_suffix(".part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(as_document(own), indent=1) + "\n", encoding="utf-8")
        part.replace(file)
    except OSError as error:
        raise CannotContinue(
            f"The corrections cannot be written to {file} ({error}). Make room there, or set "
            "MODELWORTH_CALIBRATION to a file that can be written."
        ) from error
    return file

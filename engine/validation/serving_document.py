"""The facts file of serving constants, made again from the published rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.validation import inference, vision

HEADER = """\
# Constants of serving, fitted to published measurements; made by serving_document.py.
#
# `value` is common to all; `spread_ratio` is one standard deviation as a factor; `factors`
# multiply the value for each trait and were shrunk towards 1. `ranges` are published over
# predicted, the middle 94 % of rows whose publisher (of images: or whose model family) the fit
# never saw, every source counting the same. Units are in the names.
"""


def serving_document(inference_rows: Path, vision_rows: Path) -> str:
    """The text of `catalogue/serving_fit.toml` that two tables of published rows give."""
    parts = {
        "source": _source(inference_rows, vision_rows),
        "language": inference.calibrate(inference_rows),
        "vision": vision.calibrate(vision_rows),
    }
    return HEADER + "".join(f"\n{_table(name, content)}" for name, content in parts.items())


def _source(inference_rows: Path, vision_rows: Path) -> dict[str, Any]:
    return {
        "title": "published serving measurements, each row with its own source",
        "files": [inference_rows.name, vision_rows.name],
    }


def _table(path: str, content: Mapping[str, Any]) -> str:
    inner = {k: v for k, v in content.items() if isinstance(v, Mapping) and v}
    plain = {k: v for k, v in content.items() if not isinstance(v, Mapping)}
    lines = [f"[{path}]"] if plain else []
    lines += [f"{_key(name)} = {json.dumps(_list(value))}" for name, value in plain.items()]
    own = "\n".join(lines) + "\n" if lines else ""
    below = [_table(f"{path}.{_key(name)}", value) for name, value in inner.items()]
    return "\n".join(part for part in (own, *below) if part)


def _list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _key(name: str) -> str:
    plain = name.replace("_", "").replace("-", "").isalnum() and name.isascii()
    return name if plain else json.dumps(name)

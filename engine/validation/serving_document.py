"""The facts file of serving constants, made again from the published rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.projection.serving_fit import ServingFit, to_document
from engine.validation import inference, vision

HEADER = """\
# Constants of serving, fitted to published measurements; `modelworth calibrate` writes this file.
#
# `value` is common to all; `spread_ratio` is one standard deviation as a factor; `factors`
# multiply the value for each trait and were shrunk towards 1. `ranges` are published over
# predicted, the middle nine tenths of rows whose publisher (of images: or whose model family) the
# fit never saw, every source counting the same, stretched until they hold nine tenths of a source
# that is left out of them. A regime that is not there is as sure as the next wider. Units are in
# the names.
"""
IMAGE_HEADER = """\
# Constants of training networks on images, fitted to published rows; `modelworth calibrate`
# writes this file. As in serving_fit.toml; ranges are of families, then sources, left out.
"""


def serving_document(inference_rows: Path, vision_rows: Path) -> str:
    """The text of `catalogue/serving_fit.toml` that two tables of published rows give."""
    names = [inference_rows.name, vision_rows.name]
    return document_text(names, inference.calibrate(inference_rows), vision.calibrate(vision_rows))


def document_text(
    names: Sequence[str], language: Mapping[str, Any], items: Mapping[str, Any]
) -> str:
    """The same from what was fitted already."""
    source = {
        "title": "published serving measurements, each row with its own source",
        "files": list(names),
    }
    parts = {"source": source, "language": language, "vision": items}
    return HEADER + "".join(f"\n{_table(name, content)}" for name, content in parts.items())


def image_text(fit: ServingFit) -> str:
    """The text of `catalogue/image_training_fit.toml`."""
    return f"{IMAGE_HEADER}\n{_table('images', to_document(fit))}"


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

"""Explained texts, as data: kept in the cache when measured, read back without torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.measurement.archives import cache_folder, cannot_write
from engine.records import CannotContinue


@dataclass(frozen=True, slots=True)
class Explained:
    """One text, and what each of its words did for the class the model chose."""

    words: tuple[str, ...]
    attributions: tuple[float, ...]
    """Of each word, in the model's own output (logits); above 0 speaks for the class."""
    class_number: int
    """Chosen by the model."""
    true_class_number: int
    output_difference: float
    """Output for the class with these words, less that without any (padding alone)."""

    @property
    def gap(self) -> float:
        """What the attributions' sum misses of the difference; exact ones miss nothing."""
        return abs(sum(self.attributions) - self.output_difference)

    def deciding(self, count: int) -> list[tuple[str, float]]:
        """The words that spoke loudest, for or against, loudest first."""
        pairs = zip(self.words, self.attributions, strict=True)
        return sorted(pairs, key=lambda pair: -abs(pair[1]))[:count]


def explanations_path(model_name: str) -> Path:
    """Where a model's explained texts lie, or would."""
    return cache_folder() / "explanations" / f"{model_name}.json"


def keep_explanations(model_name: str, explained: Sequence[Explained]) -> None:
    """Keep them in the cache, in place of earlier ones.

    Raises:
        CannotContinue: the folder takes no files.
    """
    path = explanations_path(model_name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        written = path.with_suffix(".part")
        written.write_text(json.dumps([asdict(one) for one in explained]), encoding="utf-8")
        written.replace(path)
    except OSError as error:
        raise CannotContinue(cannot_write(path.parent, error)) from error


def kept_explanations() -> dict[str, list[Explained]]:
    """All explained texts in the cache, by model; empty where nothing was measured."""
    folder = cache_folder() / "explanations"
    return {path.stem: _read(path) for path in sorted(folder.glob("*.json"))}


def _read(path: Path) -> list[Explained]:
    return [
        Explained(**one | {name: tuple(one[name]) for name in ("words", "attributions")})
        for one in json.loads(path.read_text(encoding="utf-8"))
    ]

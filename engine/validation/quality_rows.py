"""Published scores of models as rows of one shape, whichever table they were printed in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from engine.validation.rows import Row, number

LANGUAGE_ANSWERS = ("mmlu", "hellaswag", "arc_c")
ANSWERS = (*LANGUAGE_ANSWERS, "top1", "top1_err", "value")
HIDDEN = (*ANSWERS, "gsm8k", "humaneval", "perplexity_or_loss", "top5", "top5_err", "note")
"""Columns that hold or repeat an answer: never inputs."""
SPECIAL_FAMILY = re.compile(r"(?i)code|coder|xglm|\bphi\b|phi-|^phi")
NATURAL_LANGUAGE = re.compile(r"(?i)-nl$|general")
DISTILLED = re.compile(r"(?i)Llama-3\.2|distil")
USUAL_PROTOCOL = "leaderboard"
"""One harness for all models: MMLU 5-shot, ARC-c 25-shot acc_norm, HellaSwag 10-shot acc_norm."""
YOLO = re.compile(r"(?i)yolo")
Subject = Literal["language", "image", "detector", "other"]
Pretraining = Literal["imagenet", "larger", "web", "distilled", "self-supervised"]
MONTHS = 12.0


@dataclass(frozen=True, slots=True)
class QualityReading:
    """What is known of one model before it is scored; None is unknown."""

    subject: Subject
    model: str
    group: str
    """Lineage or architecture that is left out together."""
    recipe: str
    """Rows of one recipe differ in size alone."""
    year: float | None = None
    parameter_million: float | None = None
    """Active ones."""
    token_billion: float | None = None
    protocol: str = ""
    special: bool = False
    """Trained on code, many languages or a teacher's answers: another relation holds."""
    fitted: bool = True
    gmac: float | None = None
    activation_million: float | None = None
    image_px: float | None = None
    pretraining: Pretraining = "imagenet"
    metric: str = ""


def reading(row: Row) -> QualityReading:
    """One row of a published table, or of the one that comes along, without its answers."""
    if "subject" in row:
        return _own(row)
    if "train_tokens_t" in row:
        return _language(row)
    return _timm(row) if "gmacs" in row else _vision(row)


def published_share(row: Row, answer: str) -> float | None:
    """A published score from 0 to 1; None where the row has none."""
    found = number(row.get(answer))
    return None if found is None else found / 100.0


def _language(row: Row) -> QualityReading:
    tokens = number(row.get("train_tokens_t"))
    parameters = number(row.get("params_active_b")) or number(row.get("params_total_b"))
    name = f"{row.get('model', '')} {row.get('family', '')}"
    group = row.get("lineage") or row.get("family") or row.get("model", "")
    return QualityReading(
        subject="language",
        model=row.get("model", ""),
        group=group,
        recipe="/".join(row.get(k, "") for k in ("family", "release_ym", "train_tokens_t")),
        year=_year_of_month(row.get("release_ym", "")),
        parameter_million=None if parameters is None else parameters * 1e3,
        token_billion=None if tokens is None else tokens * 1e3,
        protocol=row.get("protocol", "").partition("-")[0],
        special=_special(row, name),
        fitted=row.get("fit_use", "yes") == "yes",
    )


def _special(row: Row, name: str) -> bool:
    natural = NATURAL_LANGUAGE.search(row.get("model", ""))
    other = SPECIAL_FAMILY.search(name) and not natural
    return bool(other or DISTILLED.search(name)) or row.get("type", "") not in {"", "base"}


def _timm(row: Row) -> QualityReading:
    return QualityReading(
        subject="image",
        model=row.get("model", ""),
        group=row.get("fam2") or row.get("family") or row.get("arch", ""),
        recipe=f"{row.get('family', '')}/{row.get('tag', '')}",
        year=number(row.get("year")),
        parameter_million=number(row.get("params_m")),
        gmac=number(row.get("gmacs")),
        activation_million=number(row.get("infer_macts")),
        image_px=number(row.get("img_size")),
        pretraining=_pretraining(row.get("pretrain", "")),
        metric="top1",
    )


def _vision(row: Row) -> QualityReading:
    metric, family = row.get("metric", ""), row.get("family", "")
    detector = metric.startswith("box_mAP") and bool(YOLO.search(family))
    weights = row.get("weights", "")
    return QualityReading(
        subject="image" if metric == "top1" else "detector" if detector else "other",
        model=row.get("model", ""),
        group=family,
        recipe=f"{family}/{weights}",
        year=number(row.get("year")),
        parameter_million=number(row.get("params_m")),
        gmac=number(row.get("gflops_or_gmacs")),
        image_px=number(row.get("img_size")),
        pretraining="web" if "SWAG" in weights else _pretraining(row.get("pretrain", "")),
        metric=metric,
    )


def _pretraining(text: str) -> Pretraining:
    lowered = text.lower()
    if "distill" in lowered:
        return "distilled"
    if lowered.startswith("web"):
        return "web"
    if "self-sup" in lowered:
        return "self-supervised"
    larger = "21k" in lowered or "22k" in lowered or "12k" in lowered
    return "larger" if larger else "imagenet"


def _own(row: Row) -> QualityReading:
    known = {k: number(row.get(k)) for k in OWN_NUMBERS}
    return QualityReading(
        subject=row["subject"],  # type: ignore[arg-type]
        model=row["model"],
        group=row["group"],
        recipe=row["recipe"],
        protocol=row["protocol"],
        special=row["special"] == "yes",
        fitted=row["fitted"] == "yes",
        pretraining=row["pretraining"],  # type: ignore[arg-type]
        metric=row["metric"],
        **known,
    )


OWN_NUMBERS = (
    "year", "parameter_million", "token_billion", "gmac", "activation_million", "image_px",
)  # fmt: skip


def _year_of_month(text: str) -> float | None:
    year, _, month = text.partition("-")
    if not year.isdigit():
        return None
    return float(year) + ((float(month) - 0.5) / MONTHS if month.isdigit() else 0.5)

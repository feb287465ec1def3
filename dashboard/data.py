"""Cached calls to the engine and the database; the only cache."""

import gzip
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st
from sqlalchemy import Engine

from dashboard.charts.quality import Fitted
from dashboard.valued import Valued, value_of
from db.exchange import Document
from db.own_calibration import load_own_calibration
from db.queries import measurements as stored_measurements
from db.queries import scenario_history
from db.session import open_database
from db.store import save_scenario as store_scenario
from engine.catalogue import model, models
from engine.manifest import Manifest
from engine.measurement.steadiness import Steadiness, steadiness
from engine.projection import project as engine_project
from engine.projection.accuracy_fit import fit_accuracy
from engine.projection.build_or_buy import BuildOrBuy
from engine.projection.build_or_buy import build_or_buy as engine_build_or_buy
from engine.projection.decisions import Decision, Goal, Question, decide, front
from engine.projection.difference import Difference
from engine.projection.difference import difference as engine_difference
from engine.projection.evidence import Evidence
from engine.projection.own_calibration import OwnCalibration
from engine.projection.savings import Saving
from engine.projection.savings import savings as engine_savings
from engine.projection.score_curves import ScoreCurve
from engine.projection.sensitivity import Part, parts
from engine.records import Measurement, Projection
from engine.scenario import Scenario, bounds
from engine.units import BILLION
from engine.validation.stored_rows import StoredRow
from engine.validation.stored_rows import read as read_rows
from engine.value_case import ValueCase

FRESH = "5s"
"""How long a page may miss a measurement that was just stored."""

MOST_DEVICES = 2.0**16
"""More are not tried to make a model fit."""

FRONTIER_POINT_COUNT = 61
FIT_BEYOND = 30.0
"""The accuracy curve is carried on to this many times the largest size measured."""

FRONTIER_SPAN = 100.0
"""The curve runs from this many times smaller to this many times larger than the model."""


SAMPLE = Path(__file__).parent / "sample.json.gz"
"""Measurements of another machine, to look at before there are any of one's own."""


Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """Everything measured, and what the projection learns from it."""

    version: str
    measurements: tuple[Measurement, ...]
    evidence: Evidence

    @cached_property
    def steady(self) -> dict[str, Steadiness]:
        """How far each machine agrees with itself from one time to another, by hardware id."""
        return steadiness(self.measurements)

    @property
    def machines(self) -> dict[str, str]:
        """Name of each measured machine's device by hardware id, newest first."""
        found = self.evidence.hardware
        return {name: found[name].machine.device_name for name in reversed(list(found))}


_HASH: dict[str | type[Any], Callable[[Any], Any]] = {
    Scenario: Scenario.model_dump_json,
    Seen: lambda known: known.version,
    Question: repr,
    ValueCase: ValueCase.model_dump_json,
}
"""How Streamlit tells one question from another."""


def seen() -> Seen:
    """What the database holds now.

    Raises:
        StoreUnavailable: it cannot be opened.
    """
    version, found = _stored(_url())
    own = load_own_calibration()
    return _seen(f"{version} {own}", found, own)


@st.cache_resource(max_entries=1, show_spinner=False)
def sample() -> Seen:
    """What was measured on another machine: for looking at, never for projecting."""
    with gzip.open(SAMPLE) as file:
        found = Document.model_validate_json(file.read()).measurements
    return Seen("sample", found, Evidence.of(found))


@st.cache_resource(ttl=FRESH, max_entries=4, show_spinner=False)
def _stored(url: str) -> tuple[str, tuple[Measurement, ...]]:
    found = tuple(stored_measurements(_database(url)))
    keys = "".join(sorted(m.key for m in found))
    return hashlib.sha256(keys.encode()).hexdigest(), found


@st.cache_resource(max_entries=4, show_spinner=False)
def _database(url: str) -> Engine:
    return open_database(url or None)


@dataclass(frozen=True)
class Saved:
    """A scenario saved under a name."""

    manifest: Manifest
    saved_at: datetime


def saved_scenario(name: str) -> Saved | None:
    """The newest saving under that name.

    Raises:
        StoreUnavailable: the database cannot be read.
    """
    history = scenario_history(_database(_url()))
    found = next((saved for saved in history if saved.name == name), None)
    if found is None:
        return None
    origin = found.document.get("modelworth", {})
    kept = Manifest(
        choices={k: v for k, v in found.document.items() if k in Scenario.model_fields},
        version=found.method_version,
        catalogue=origin.get("catalogue"),
        numbers=found.document.get("numbers", {}),
    )
    return Saved(kept, found.saved_at)


def saved_names() -> list[tuple[str, date]]:
    """Names of the saved scenarios with the day of the newest saving, last saved first.

    Raises:
        StoreUnavailable: the database cannot be read.
    """
    newest: dict[str, date] = {}
    for saved in scenario_history(_database(_url())):
        newest.setdefault(saved.name, saved.saved_at.date())
    return list(newest.items())


def save_scenario(name: str, document: dict[str, object]) -> None:
    """Keep a scenario under a name.

    Raises:
        BadInput: the name is empty.
        StoreUnavailable: the database cannot be written.
    """
    store_scenario(_database(_url()), name, document)


def _url() -> str:
    return os.environ.get("DATABASE_URL", "")


@st.cache_resource(max_entries=4, show_spinner=False)
def _seen(version: str, _found: tuple[Measurement, ...], _own: OwnCalibration) -> Seen:
    return Seen(version, _found, Evidence.of(_found, _own))


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=_HASH)
def project(scenario: Scenario, known: Seen) -> Projection:
    """The answer to a scenario, given what was measured.

    Raises:
        BadInput: the choices exclude each other.
    """
    return engine_project(scenario, known.evidence)


@dataclass(frozen=True)
class Trained:
    """What training one model once takes; None where it is unknown."""

    flop: float | None
    cost_usd: float | None


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=_HASH)
def landmark_training(terms: Scenario, known: Seen) -> dict[str, Trained]:
    """Training of every model whose day and data are known, by id, on the terms of a scenario.

    There are as many devices as it has, doubled until the model fits.
    """
    found = {}
    for name in models():
        one = model(name)
        if one.released is not None and one.trained_items_billion is not None:
            asked = terms.replace(model=name, dataset_items_billion=one.trained_items_billion.value)
            found[name] = _trained(asked, known)
    return found


def _trained(asked: Scenario, known: Seen) -> Trained:
    answer = engine_project(asked, known.evidence).training
    count, fit = asked.training_device_count, answer.memory_fit_share.value
    if fit is not None and fit > 1 and count < MOST_DEVICES:
        return _trained(asked.replace(training_device_count=2 * count), known)
    numbers = (answer.flop.value, answer.bill.cost_usd.value)
    return Trained(*(None if number is None else float(number) for number in numbers))


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=_HASH)
def difference(before: Scenario, after: Scenario, path: str, known: Seen) -> Difference:
    """What each differing choice contributed to one number.

    Raises:
        BadInput: the number is unknown on the way, or too many choices differ.
    """
    return engine_difference(before, after, (path,), known.evidence)[0]


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=_HASH)
def savings(scenario: Scenario, known: Seen) -> list[Saving]:
    """What would cut the bill, the largest saving first."""
    return engine_savings(scenario, known.evidence)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=_HASH)
def build_or_buy(scenario: Scenario, known: Seen) -> BuildOrBuy:
    """One's own bill and a seller's, and where they cross.

    Raises:
        BadInput: no seller's model is chosen, or the own bill is unknown.
    """
    return engine_build_or_buy(scenario, known.evidence)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=_HASH)
def decision(question: Question, known: Seen) -> Decision:
    """The best plans within limits.

    Raises:
        BadInput: something that a decision cannot look at.
    """
    return decide(question, known.evidence)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=_HASH)
def tradeoff(
    question: Question, ways: tuple[Goal, ...], known: Seen
) -> list[tuple[dict[str, object], dict[str, float]]]:
    """Plans that nothing beats in all of several numbers."""
    return front(question, ways, known.evidence)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=_HASH)
def valued(scenario: Scenario, case: ValueCase, known: Seen) -> Valued:
    """What a scenario is worth in one use, over many draws of all that is uncertain."""
    return value_of(scenario, case, project(scenario, known))


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=_HASH)
def shares(scenario: Scenario, case: ValueCase, known: Seen) -> list[Part]:
    """Each uncertain input's part in the spread of the net present value."""
    found = valued(scenario, case, known)
    return parts(found.worth.npv_usd, found.doubts)


@st.cache_resource(max_entries=4, show_spinner=False)
def predicted_rows(claim: str) -> tuple[StoredRow, ...]:
    """Every published number of a claim beside what was predicted for it."""
    return read_rows(claim)


def parameter_count(scenario: Scenario) -> float:
    """Size of the scenario's model: its own, where none is chosen."""
    own = model(scenario.model).parameters_billion.value
    return BILLION * float(scenario.parameters_billion or own)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_HASH)
def frontier(scenario: Scenario, known: Seen) -> tuple[Array, Projection]:
    """The same scenario over model sizes, in one call: sizes in billions, and the answer."""
    here = parameter_count(scenario) / BILLION
    high = min(here * FRONTIER_SPAN, bounds("parameters_billion").high)
    sizes = np.geomspace(here / FRONTIER_SPAN, high, FRONTIER_POINT_COUNT)
    return sizes, engine_project(scenario.replace(parameters_billion=sizes), known.evidence)


def fitted(curve: ScoreCurve) -> Fitted | None:
    """The curve through measured scores, carried on to larger sizes."""
    fit = fit_accuracy(curve.points, curve.reached)
    if fit is None:
        return None
    last = fit.largest_parameter_count * FIT_BEYOND
    sizes = np.geomspace(fit.smallest_parameter_count, last, FRONTIER_POINT_COUNT)
    low, high = map(np.asarray, fit.range_share(sizes))
    return Fitted(sizes, np.asarray(fit.accuracy_share(sizes)), low, high)

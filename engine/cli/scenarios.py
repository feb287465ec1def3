"""A Scenario from what was typed: a TOML file, `--set` options, and the machines measured."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cli import log
from engine.records import BadInput
from engine.scenario import Scenario, closest_field

if TYPE_CHECKING:
    from engine.manifest import Manifest
    from engine.projection import Evidence

THIS_MACHINE = "this-machine"


def stored_evidence() -> Evidence:
    """What the database holds, and one's own corrections, ready to replace assumptions."""
    from db import queries
    from db.own_calibration import load_own_calibration
    from db.session import open_database
    from engine.projection import Evidence

    database = open_database()
    try:
        return Evidence.of(queries.measurements(database), load_own_calibration())
    finally:
        database.dispose()


def typed_scenario(file: Path | None, settings: Sequence[str], evidence: Evidence) -> Scenario:
    """The scenario of a file, changed by `key=value` settings.

    Raises:
        BadInput: the file or a setting cannot be understood.
        pydantic.ValidationError: a value is refused.
    """
    choices = dict(file_manifest(file).choices) if file is not None else {}
    choices |= dict(split_setting(setting) for setting in settings)
    choices |= _usual(choices)
    return Scenario.model_validate(with_machine(choices, evidence))


def _usual(choices: Mapping[str, object]) -> dict[str, float]:
    """Data and requests of the model's kind, where nothing is said of them; says what it took."""
    from engine.usual_work import left_to_the_model

    usual = left_to_the_model(choices)
    fields = Scenario.model_fields
    unlike = [name for name, value in usual.items() if value != fields[name].default]
    if unlike:
        taken = ", ".join(f"{name} = {usual[name]:g}" for name in unlike)
        log.print(
            f"Taken as usual for a model like {choices['model']}: {taken}. Set them to change it.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    return usual


def with_machine(choices: Mapping[str, object], evidence: Evidence) -> dict[str, object]:
    """The same choices, with the machine measured last where `this-machine` is asked for.

    Raises:
        BadInput: none was measured.
    """
    if choices.get("hardware") != THIS_MACHINE:
        return dict(choices)
    return {**choices, "hardware": _newest_machine(evidence)}


def split_setting(setting: str) -> tuple[str, object]:
    """Name and value of one `key=value`; the value as TOML would read it, else as text.

    Raises:
        BadInput: no `=`, or no such key.
    """
    name, equals, text = (part.strip() for part in setting.partition("="))
    if not equals or not name:
        raise BadInput(f"{setting!r} is not a setting. Write key=value, e.g. --set mfu=0.4.")
    return known_field(name), setting_value(text)


def known_field(name: str) -> str:
    """The name itself, once known to be a choice a scenario has.

    Raises:
        BadInput: a scenario has no such choice.
    """
    if name not in Scenario.model_fields:
        near = closest_field(name)
        hint = f"Did you mean {near}?" if near else f"Known: {', '.join(Scenario.model_fields)}."
        raise BadInput(f"{name} is unknown. {hint}")
    return name


def setting_value(text: str) -> object:
    """A value as TOML would read it, else as text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def file_manifest(file: Path, known: Collection[str] = ()) -> Manifest:
    """What a scenario file holds; `known` are choices it may have, a scenario's where none is.

    Raises:
        BadInput: it cannot be read, is not TOML, or has a choice no scenario has.
    """
    from engine import manifest

    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadInput(f"Cannot read {file}: {reason}. Give the path of a TOML file.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is not TOML: {error}. Write lines such as mfu = 0.4.") from error
    found = manifest.read(text, str(file), known or Scenario.model_fields)
    if found.facts_changed:
        log.print(
            f"{file} was written with other facts ({found.catalogue}; now "
            f"{manifest.catalogue_version()}): numbers may differ from those of then.",
            style="yellow",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    return found


def _newest_machine(evidence: Evidence) -> str:
    newest = evidence.newest_hardware_id
    if newest is None:
        raise BadInput("No machine is in the database yet. Run `modelworth measure` first.")
    return newest

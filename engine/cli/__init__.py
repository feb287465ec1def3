"""The command line: one module a command, errors in one sentence, exit codes 0, 1 and 2."""

import importlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from typer.core import TyperGroup

from engine.records import BadInput, CannotContinue
from engine.scenario import closest_field

COMMANDS = (
    "measure",
    "project",
    "worth",
    "plan",
    "sweep",
    "decide",
    "savings",
    "diff",
    "validate",
    "calibrate",
    "facts",
    "dashboard",
    "db",
)
"""Every command in the order shown; `engine.cli.<name>` holds its Typer `app`."""

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2

ScenarioFile = Annotated[
    Path | None, typer.Argument(help="Scenario as TOML: lines of key = value.")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one choice.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
"""What commands about one scenario take alike."""

log = Console(stderr=True, emoji=False)
"""People read this; stdout is for results."""


class _Commands(TyperGroup):
    """Loads a command's module when it is asked for, so that start-up stays instant."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Every command's name."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        command = typer.main.get_command(importlib.import_module(f"engine.cli.{cmd_name}").app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=_Commands,
    name="modelworth",
    help="What a model costs, and what it is worth.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _options() -> None:
    """What a model costs, and what it is worth."""


def print_json(value: object) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def validation_sentence(error: ValidationError) -> str:
    """Every complaint of Pydantic in one line, with the nearest known name for a typing slip."""
    complaints = []
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ").rstrip(".")
        message = message.replace("Input should be", "must be")
        if problem["type"] == "extra_forbidden":
            near = closest_field(name)
            message = "is not a choice a scenario has" + (f"; did you mean {near}?" if near else "")
        join = ": " if message[:1].isupper() else " "
        complaints.append(f"{name}{join}{message}" if name else message)
    return "; ".join(complaints) + "."


def _stop(sentence: str, exit_code: int) -> NoReturn:
    log.print(sentence, style="red", markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(exit_code)


def main() -> None:
    """Run the command line; every foreseen trouble is one sentence and an exit code."""
    try:
        app()
    except ValidationError as error:
        _stop(validation_sentence(error), EXIT_BAD_INPUT)
    except BadInput as error:
        _stop(str(error), EXIT_BAD_INPUT)
    except CannotContinue as error:
        _stop(str(error), EXIT_FAILED)

"""Rules a machine can hold: imports point one way, style and types are clean."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ["lint-imports", "--no-cache"],
        ["ruff", "check", "--no-cache", "."],
        ["ruff", "format", "--no-cache", "--check", "."],
        pytest.param(["mypy"], marks=pytest.mark.slow),
    ],
    ids=["imports point one way", "style", "format", "types"],
)
def test_tool_is_content(command: list[str]) -> None:
    name, *options = command
    done = subprocess.run(
        [str(TOOLS / name), *options], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_projecting_and_the_dashboard_do_without_torch() -> None:
    code = (
        "import sys, engine.projection, engine.cli.project, db.queries, db.store, "
        "dashboard.data, dashboard.controls; "
        "sys.exit(bool({'torch', 'pynvml'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0

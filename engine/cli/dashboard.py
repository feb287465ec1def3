"""`modelworth dashboard`: serve the pages until Ctrl-C."""

import importlib.util
import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from engine.records import CannotContinue

app = typer.Typer()


@app.command()
def dashboard(
    port: Annotated[
        int, typer.Option(envvar="PORT", min=1, max=65_535, help="Port to serve on.")
    ] = 8501,
    address: Annotated[
        str, typer.Option(help="Address to serve on; 0.0.0.0 lets other machines in.")
    ] = "localhost",
) -> None:
    """Open the pages in a browser: what if, measurements, facts. Ctrl-C stops it."""
    refuse_taken(address, port)
    command = served(address, port)
    os.execv(command[0], command)  # noqa: S606 - our own interpreter, no shell


def served(address: str, port: int) -> list[str]:
    """The command that serves the pages.

    Raises:
        CannotContinue: this installation lacks them.
    """
    found = importlib.util.find_spec("dashboard")
    if found is None or found.origin is None:
        raise CannotContinue(
            "The dashboard is not installed here. Install Modelworth again with "
            "`pip install -e .` in its folder."
        )
    script = Path(found.origin).with_name("app.py")
    settings = {
        "server.address": address,
        "server.port": port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    flags = [f"--{name}={value}" for name, value in settings.items()]
    return [sys.executable, "-m", "streamlit", "run", str(script), *flags]


def refuse_taken(address: str, port: int) -> None:
    """Nothing, where the port is free.

    Raises:
        CannotContinue: it is not, or the address is not this machine's.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            address, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind(place)
    except OSError as error:
        raise CannotContinue(
            f"Cannot serve on {address}:{port} ({error.strerror or error}). If a dashboard runs "
            f"there already, open http://{address}:{port}; else choose another port with --port."
        ) from error

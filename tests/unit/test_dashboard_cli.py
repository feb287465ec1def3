"""`modelworth dashboard` serves the pages, and says why where it cannot."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.cli import main
from engine.cli.dashboard import app, refuse_taken, served
from engine.records import CannotContinue
from tests.browser.serving import free_port


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_refused_with_what_to_do(taken_port: int) -> None:
    with pytest.raises(CannotContinue, match="--port") as refused:
        refuse_taken("127.0.0.1", taken_port)
    assert f"http://127.0.0.1:{taken_port}" in str(refused.value)


def test_a_taken_port_ends_with_one_sentence_and_exit_code_1(
    taken_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["modelworth", "dashboard", "--address", "127.0.0.1", "--port", str(taken_port)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    assert capsys.readouterr().err.startswith(f"Cannot serve on 127.0.0.1:{taken_port}")


def test_the_port_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda program, command: started.append(command))
    port = free_port()
    assert CliRunner().invoke(app, [], env={"PORT": str(port)}).exit_code == 0
    assert f"--server.port={port}" in started[0]


def test_a_port_that_is_none_is_bad_input() -> None:
    assert CliRunner().invoke(app, ["--port", "70000"]).exit_code == 2


def test_what_is_served_is_the_dashboards_own_script() -> None:
    script = Path(served("localhost", 8501)[4])
    assert script.parts[-2:] == ("dashboard", "app.py")
    assert script.exists()


@pytest.mark.slow
def test_it_serves_until_interrupted_and_never_loads_torch(tmp_path: Path) -> None:
    port = free_port()
    program = (
        "import sys; from engine.cli import main; from engine.cli import dashboard; "
        "assert not {'torch', 'streamlit'} & set(sys.modules); "
        f"sys.argv = ['modelworth', 'dashboard', '--port', '{port}']; main()"
    )
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'served.db'}"}
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE
    ) as server:
        try:
            assert answers(f"http://localhost:{port}/_stcore/health")
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=20) == 0
        finally:
            server.kill()


def answers(address: str, within_s: float = 40.0) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.2)
    return False

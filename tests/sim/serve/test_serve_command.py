"""What `cxsim serve` says when it cannot serve."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cxsim.sim.cli import main

ENVIRONMENT = "schema: 1\nextends: environments/tyrell-mycloud.yaml\ntitle: served\n"


@pytest.fixture(autouse=True)
def _signals_are_put_back() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_mistakes_are_told_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "served.yaml"
    path.write_text(ENVIRONMENT + "hostz: {}\n")
    told = CliRunner().invoke(main, ["serve", str(path)])
    assert told.exit_code == 2
    assert 'served.yaml:4:1: hostz: unknown key "hostz": did you mean "hosts"?' in told.output
    assert "nothing is served" in told.output


def test_a_file_that_does_not_exist_is_told(tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["serve", str(tmp_path / "missing.yaml")])
    assert told.exit_code == 2
    assert "there is no such file" in told.output


@pytest.mark.timeout(200)
def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    path = tmp_path / "served.yaml"
    path.write_text(ENVIRONMENT)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = CliRunner().invoke(main, ["serve", str(path), "--port-base", port])
    assert told.exit_code == 2
    assert "cannot serve: Address already in use" in told.output
    assert "Traceback" not in told.output

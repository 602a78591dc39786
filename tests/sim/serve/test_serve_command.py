"""What `cxsim serve` says: when it cannot serve, and of endpoints that appear later."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from processes import SMALL_JOB, Served, wait_for

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


@pytest.mark.timeout(200)
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_an_endpoint_that_a_client_types_is_told_and_put_into_the_ready_file(
    serve: Callable[..., Served],
) -> None:
    served = serve(SMALL_JOB, "--all")
    assert "203.0.113.41:8044" not in served.ready_file.read_text()
    answer = requests.post(
        f"{served.url_of('10.3.0.33:8044')}/config/endpoints",
        json={"publicEndpoint": "203.0.113.41:8044"},
        headers={"Config-Secret": "vmware"},
        verify=False,
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    told = wait_for(
        lambda: [line for line in served.output.read_text().splitlines() if "written anew" in line],
        "the ready file to be written anew",
    )
    assert told == [f"{served.ready_file} was written anew: a cxsim migrate that runs needs it"]
    assert "203.0.113.41:8044 is advertised now: https://127.0.0.1:" in served.output.read_text()
    assert '"203.0.113.41:8044": "127.0.0.1:' in served.ready_file.read_text()
    assert served.stop() == 0

"""The core's vCD client in front of an emulated vCloud Director, without sockets."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3.response import HTTPResponse
from werkzeug.test import Client, EnvironBuilder

from cxsim.core.vcd import VcdClient

sys.path.insert(0, str(Path(__file__).parents[1] / "fake_vcd"))

from vcd_lab import Lab  # the emulator's own test estate

URL = "https://chc.mycloud.local"


class WsgiAdapter(BaseAdapter):
    """Delivers requests to a WSGI application. `asked` lists (method, url, status) of every call."""

    def __init__(self, app: Any) -> None:
        super().__init__()
        self._client = Client(app)
        self.asked: list[tuple[str, str, int]] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        builder = EnvironBuilder(
            path=parts.path,
            query_string=parts.query,
            base_url=f"{parts.scheme}://{parts.netloc}",
            method=request.method,
            headers=dict(request.headers),
            data=request.body or b"",
        )
        answer = self._client.open(builder)
        self.asked.append((str(request.method), str(request.url).removeprefix(URL), answer.status_code))
        raw = HTTPResponse(
            body=io.BytesIO(answer.data),
            headers=list(answer.headers),
            status=answer.status_code,
            preload_content=False,
        )
        response = requests.adapters.HTTPAdapter().build_response(request, raw)
        response.url = request.url
        return response

    def close(self) -> None:
        """Nothing is open."""

    def paths(self) -> list[str]:
        """What was asked, without ids and parameters."""
        return [f"{method} {url.partition('?')[0]}" for method, url, _ in self.asked]


def client(
    lab: Lab, user: str = "tyrelladmin", org: str = "Tyrell", password: str = "vmware", **more: Any
) -> tuple[VcdClient, WsgiAdapter]:
    """A client that has not logged in yet, and its adapter."""
    session = requests.Session()
    adapter = WsgiAdapter(lab.vcd.wsgi_app)
    session.mount("https://", adapter)
    return VcdClient(session, URL, org, user, password, **more), adapter

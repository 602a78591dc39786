"""Chromium without a window, driven by its command line; None where there is none."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lxml import html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=10000",
)
_OWN = ("google.com", "googleapis.com", "gvt1.com", "gstatic.com")
"""Hosts that chromium asks for itself, whatever page it shows."""


@dataclass(frozen=True)
class Opened:
    """A page after its scripts have run. `console`: what it wrote there, which includes what its own policy
    or a blocked network kept from loading; `asked`: hosts that were asked for."""

    dom: str
    console: tuple[str, ...]
    asked: frozenset[str]


def _run(page: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None
    flags = [*_FLAGS, f"--user-data-dir={folder / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND"]
    command = [CHROMIUM, *flags, *more, page.resolve().as_uri()]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=110, check=True)


def opened(page: Path, folder: Path) -> Opened:
    """Show a page with every host name unknown."""
    log = folder / "net-log.json"
    done = _run(page, folder, f"--log-net-log={log}", "--dump-dom")
    console = tuple(line for line in done.stderr.splitlines() if ":CONSOLE:" in line)
    urls = re.findall(r'"url":("(?:[^"\\]|\\.)*")', log.read_text(encoding="utf-8", errors="replace"))
    hosts = {urlsplit(json.loads(url)).hostname for url in urls}
    asked = {host for host in hosts if host and not host.endswith(_OWN)}
    return Opened(done.stdout, console, frozenset(asked))


def drawn(seen: Opened) -> list[str]:
    """Ids of the charts, each of which has lines or bars on it."""
    found = []
    for chart in html.fromstring(seen.dom).xpath("//div[contains(concat(' ', @class, ' '), ' chart ')]"):
        assert chart.xpath(".//*[local-name()='svg'][contains(@class, 'main-svg')]"), chart.get("id")
        layers = ".//*[contains(@class, 'scatterlayer') or contains(@class, 'barlayer')]"
        shapes = chart.xpath(f"{layers}//*[local-name()='path'][string-length(@d) > 5]")
        assert shapes, f"{chart.get('id')} is empty"
        found.append(chart.get("id"))
    return found

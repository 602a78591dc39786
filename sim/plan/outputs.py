"""Where answers go: terminal, files, or both.

Rules of this file: whether the files can be written is known before anything is computed; a file is written
whole or not at all. With --json stdout is the document and nothing else.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from cxsim.sim.plan.answers.files import csv_files, json_text
from cxsim.sim.plan.answers.model import Answer
from cxsim.sim.plan.answers.text import show

FEW = 2
"""Of more answers than these the terminal has the decisions alone, where files have the tables."""


@dataclass(frozen=True)
class Outputs:
    """What was asked for."""

    html: Path | None = None
    xlsx: Path | None = None
    csv: Path | None = None
    json: Path | None = None
    on_stdout: bool = False
    """The JSON document there, and no text."""
    rows: int = 25

    @property
    def files(self) -> tuple[Path, ...]:
        """Single files to write."""
        return tuple(path for path in (self.html, self.xlsx, self.json) if path is not None)

    def impossible(self) -> list[str]:
        """Why files cannot be written; makes the folders that are missing."""
        found = []
        for folder in {path.parent for path in self.files} | ({self.csv} if self.csv else set()):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                found.append(f"cannot make {folder}: {error.strerror or error}")
        for path in self.files:
            existed = path.exists()
            try:
                with path.open("ab"):
                    pass
                if not existed:
                    path.unlink()
            except OSError as error:
                found.append(f"cannot write {path}: {error.strerror or error}")
        return sorted(found)

    def write(self, answers: Sequence[Answer], title: str) -> None:
        """Show and write. Raises OSError."""
        from cxsim.sim.plan.answers.page import page
        from cxsim.sim.plan.answers.workbook import workbook

        if self.html is not None:
            _whole(self.html, page(answers, title).encode())
        if self.xlsx is not None:
            _whole(self.xlsx, workbook(answers))
        if self.json is not None:
            _whole(self.json, json_text(answers).encode())
        if self.csv is not None:
            for name, text in csv_files(answers).items():
                _whole(self.csv / name, text.encode())
        if self.on_stdout:
            click.echo(json_text(answers), nl=False)
            return
        in_files = self.html or self.xlsx or self.csv
        show(Console(highlight=False), answers, self.rows, tables=len(answers) <= FEW or not in_files)
        for path in (*self.files, *((self.csv,) if self.csv else ())):
            click.echo(f"written: {path}")


def outputs_of(given: Mapping[str, Any]) -> Outputs:
    """From the options."""
    out: Path | None = given.get("out")
    return Outputs(
        html=given.get("html") or (out / "plan.html" if out else None),
        xlsx=given.get("xlsx") or (out / "plan.xlsx" if out else None),
        csv=given.get("csv") or (out / "csv" if out else None),
        json=out / "plan.json" if out else None,
        on_stdout=bool(given.get("as_json")),
        rows=given.get("rows", 25),
    )


def _whole(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)

"""docs/planning.md: every command on the page is run, and answers as the page says.

`$ cxsim plan ...` begins an example; the lines after it are how the output begins. UPDATE_GOLDEN=1 writes as
many lines of the real output as there are (a line `?6` asks for six).
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from cxsim.sim.cli import main
from cxsim.sim.plan.commands import plan

CLONE = Path(__file__).parents[3]
PAGE = CLONE / "docs" / "planning.md"
_EXAMPLE = re.compile(r"(?:^    .*\n)+", re.MULTILINE)
PICTURES = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")


@dataclass(frozen=True)
class Example:
    """A block of the page."""

    text: str

    @property
    def parts(self) -> tuple[list[str], list[str]]:
        """The lines of the command, and of its output."""
        lines = [line[4:] for line in self.text.splitlines()]
        end = next(n for n, line in enumerate(lines) if not line.endswith("\\"))
        return lines[: end + 1], lines[end + 1 :]

    @property
    def words(self) -> list[str]:
        """After `cxsim`."""
        command = " ".join(line.rstrip("\\") for line in self.parts[0])
        return shlex.split(command)[2:]


def _examples() -> list[Example]:
    blocks = (match[0] for match in _EXAMPLE.finditer(PAGE.read_text(encoding="utf-8")))
    return [Example(block) for block in blocks if block.startswith("    $ cxsim")]


@pytest.mark.parametrize("example", _examples(), ids=lambda example: example.words[1])
def test_an_example_answers_as_the_page_says(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CLONE)
    monkeypatch.setattr("cxsim.sim.plan.asking.results_folder", lambda: tmp_path)
    done = CliRunner().invoke(main, example.words)
    assert done.exit_code == 0, done.output
    command, shown = example.parts
    count = int(shown[0][1:]) if shown[0].startswith("?") else len(shown)
    real = [line.rstrip() for line in done.stdout.splitlines()[:count]]
    if os.environ.get("UPDATE_GOLDEN"):
        block = "".join(f"    {line}".rstrip() + "\n" for line in (*command, *real))
        page = PAGE.read_text(encoding="utf-8").replace(example.text, block)
        PAGE.write_text(page, encoding="utf-8", newline="\n")
        return
    assert shown == real, "UPDATE_GOLDEN=1 writes it anew"


def test_every_command_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert plan.commands
    missing = [name for name in plan.commands if f"`cxsim plan {name}`" not in text]
    assert missing == []


def test_pictures_are_there_and_small() -> None:
    for page in (PAGE, CLONE / "README.md"):
        for name in PICTURES.findall(page.read_text(encoding="utf-8")):
            picture = page.parent / name
            assert picture.is_file(), name
            assert picture.stat().st_size < 150_000, name

"""What an emulator's model must offer so that it can be put back, saved and loaded.

Rules of this file: a protocol, and the two functions that write it to a file. A saved state is plain JSON
with the product's name and a version of its own, so that a file is never loaded into another product.
Work in progress (tasks) and sessions are not part of a state: loading starts with neither.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

STATE_VERSION = 1


class Stateful(Protocol):
    """A model that can be reset, saved and loaded."""

    product: str
    """What it emulates, for example `vCenter`."""

    def reset(self) -> None:
        """Back to what it was after construction."""

    def save(self) -> dict[str, Any]:
        """The model as plain JSON values."""

    def load(self, state: dict[str, Any]) -> None:
        """Become what was saved. Raises ValueError, changing nothing, if `state` is not of this product."""


class StateError(ValueError):
    """The saved state cannot be loaded here."""


def write_state(model: Stateful, path: Path) -> None:
    """Save a model to a file."""
    record = {"state_version": STATE_VERSION, "product": model.product, "model": model.save()}
    path.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_state(model: Stateful, path: Path) -> None:
    """Load a model from a file. Raises StateError with the reason; the model is unchanged then."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StateError(f"{path}: cannot be read as a saved state: {error}") from error
    if not isinstance(record, dict) or record.get("state_version") != STATE_VERSION:
        raise StateError(f"{path}: not a saved state of version {STATE_VERSION}")
    if record.get("product") != model.product:
        raise StateError(f"{path}: saved by {record.get('product')!r}, not by {model.product!r}")
    try:
        model.load(record["model"])
    except (KeyError, TypeError, ValueError) as error:
        raise StateError(f"{path}: the saved model is damaged: {error!r}") from error

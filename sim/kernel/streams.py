"""Randomness and identifiers, all derived from the seed and the name of who draws.

Rules of this file: a stream belongs to a path such as `host/tyrell-vc01/mac`; its key is the path's
SHA-256, so adding a component shifts nobody else's draws. Nothing here reads the operating system's entropy.
"""

from __future__ import annotations

import hashlib
import random
import struct
import uuid

import numpy as np


def seed_sequence(seed: int, path: str) -> np.random.SeedSequence:
    """The seed sequence of a component. Make numpy generators from it, or use `stream`."""
    key = struct.unpack(">8I", hashlib.sha256(path.encode()).digest())
    return np.random.SeedSequence(entropy=seed, spawn_key=key)


def stream(seed: int, path: str) -> random.Random:
    """A random stream of the standard library's kind for a component."""
    words = seed_sequence(seed, path).generate_state(8, np.uint32)
    return random.Random(int.from_bytes(words.astype(">u4").tobytes(), "big"))


class Identifiers:
    """UUIDs: the n-th for a purpose at an owner is the same in every run of a seed."""

    def __init__(self, seed: int, owner: str) -> None:
        self._prefix = f"{seed}\0{owner}\0"
        self._counts: dict[str, int] = {}

    def new(self, purpose: str) -> str:
        """The next UUID (version 4 in form) for this purpose."""
        count = self._counts.get(purpose, 0)
        self._counts[purpose] = count + 1
        digest = hashlib.sha256(f"{self._prefix}{purpose}\0{count}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))

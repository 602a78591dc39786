"""What of an original is left in an anonymised case.

Rules of this file: every member is searched for every text that was replaced, whole words only, whatever the
case of their letters. Words of the format, of the product and of the trade (those in which the format is
described) are none of the original's; what else is found stops the packing, and only the user can say that
it is no secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from cxsim.sim.case.texts import descriptions, vocabulary
from cxsim.sim.explain.flows import FLOWS, SYMPTOMS, TITLES
from cxsim.sim.network import Outcome, Reason, StepKind, Verdict

LEAST_CHARACTERS = 3
"""Shorter texts identify nobody and are found everywhere."""
PRODUCT = (
    *TITLES.values(),
    *SYMPTOMS.values(),
    "vCloud Director Extender, CX appliance, Organization Administrator, administrator, vmware, Loading...",
    "CX Cloud Service, Public Endpoint URL, Provider Cloud URL, Trust Certificates, Connected successfully!",
)
"""Texts of the product, which any log may hold."""


def leaks(members: Mapping[str, bytes], originals: list[str], allowed: frozenset[str]) -> list[str]:
    """A line for each text that is left, and where."""
    product = " / ".join(PRODUCT)
    exempt = {word.lower() for word in vocabulary() | allowed} | trade()
    wanted = {
        text: _whole(text)
        for text in originals
        if len(text) >= LEAST_CHARACTERS and text.lower() not in exempt and not _whole(text).search(product)
    }
    reasons = []
    for name, data in sorted(members.items()):
        text = "\n".join(_texts(name, data))
        lowered = text.lower()
        for original, pattern in wanted.items():
            found = pattern.search(text) if original.lower() in lowered else None
            if found is not None:
                around = text[max(0, found.start() - 30) : found.end() + 30].replace("\n", " ")
                reasons.append(f"{original!r} is still in {name}: ...{around}...")
    return reasons


@lru_cache(maxsize=1)
def trade() -> frozenset[str]:
    """Single words of the trade, in small letters."""
    texts = [*descriptions(), *vocabulary()]
    texts += [str(one.value) for kind in (Outcome, Reason, StepKind, Verdict) for one in kind]
    texts += [f"{flow.sources} {flow.note}" for flow in FLOWS]
    return frozenset(word for text in texts for word in re.findall(r"[a-z]{3,}", text.lower()))


def _whole(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])", re.IGNORECASE)


def _texts(name: str, data: bytes) -> Iterator[str]:
    """What a member says. The keys of JSON are the format's own."""
    text = data.decode("utf-8", "replace")
    if name.endswith(".json"):
        yield from _values(json.loads(text))
    elif name.endswith(".jsonl"):
        for line in text.splitlines():
            yield from _values(json.loads(line))
    else:
        yield text


def _values(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for value in node.values():
            yield from _values(value)
    elif isinstance(node, list):
        for value in node:
            yield from _values(value)
    elif isinstance(node, str):
        yield node

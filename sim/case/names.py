"""Other names for the names of a scenario: `vm-1`, `org-1`, `name-3.example`.

Rules of this file: the same text always becomes the same name, whatever it names; numbers follow the order in
which things are written, so nothing can be computed back. A name with dots is a DNS name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*[A-Za-z0-9_]|[A-Za-z0-9_]")
_DNS = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_]([A-Za-z0-9_-]*\.)+[A-Za-z0-9_-]*[A-Za-z]\Z")
URL_WORDS = frozenset(
    {
        "http",
        "https",
        "cloud",
        "org",
        "tenant",
        "api",
        "ui",
        "mgmt",
        "mobility",
        "login",
        "lookupservice",
        "sdk",
    }
)
"""Words of the products' URLs."""
LABELS: Mapping[str, str] = {
    "sites": "site",
    "vms": "vm",
    "provider_clouds": "cloud",
    "tunnels": "tunnel",
    "orgs": "org",
    "users": "user",
    "user": "user",
    "sso_user": "user",
    "vdcs": "vdc",
    "vdc": "vdc",
    "storage_profiles": "storage",
    "storage_profile": "storage",
    "datastores": "datastore",
    "datastore": "datastore",
    "networks": "network",
    "network": "network",
    "groups": "group",
    "password": "secret",
    "sso_password": "secret",
    "tags": "tag",
    "title": "anonymised scenario",
    "records": "name",
    "vm": "vm",
    "cloud": "cloud",
    "org": "org",
    "datacenter": "datacenter",
    "cluster": "cluster",
    "job": "job",
    "tag": "tag",
    "vapp_name": "vapp",
}
"""Field -> what its values are called; anything else is `name`."""


class NameMap:
    """New names by old ones, made as they are met."""

    def __init__(self) -> None:
        self.by_old: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def name(self, old: str, label: str) -> str:
        """The new name of a text."""
        known = self.by_old.get(old)
        if known is not None:
            return known
        dns = _DNS.match(old) is not None
        label = "name" if dns and label in ("name", "record", "by") else label
        number = self._counts[label] = self._counts.get(label, 0) + 1
        new = f"{label}-{number}.example" if dns else f"{label}-{number}"
        self.by_old[old] = new
        return new

    def in_text(self, text: str, every_token: bool = False) -> str:
        """A text with the names in it replaced: known ones everywhere; `every_token`: in what was typed as an
        address, every word that is none of a URL's."""
        for old in sorted(self.by_old, key=len, reverse=True):
            if " " in old and old in text:
                text = text.replace(old, self.by_old[old])

        def put(match: re.Match[str]) -> str:
            token = match[0]
            if token in self.by_old:
                return self.by_old[token]
            plain = (
                token.lower() in URL_WORDS or not re.search(r"[A-Za-z]", token) or token in self._new_names()
            )
            return token if plain or not every_token else self.name(token, "name")

        return _TOKEN.sub(put, text)

    def _new_names(self) -> set[str]:
        return set(self.by_old.values())

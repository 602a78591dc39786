"""What the core reads in vCloud Director's answers.

Rules of this file: pure functions from elements to records; a missing or impossible value raises ValueError
with words that go on after "its answer is not as documented:". vCD counts storage and memory in MB of 2^20
bytes and says 0 for unlimited (cx.md 5.1; vCloud API reference, VdcType, QueryResultOrgVdcStorageProfile).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cxsim.core.neighbours import OfferedNetwork, OfferedProfile, OfferedVdc
from cxsim.core.vcd_http import VCLOUD, Element

MB = 2**20
GB = 2**30
VERSIONS = "http://www.vmware.com/vcloud/versions"
VAPP = "application/vnd.vmware.vcloud.vApp+xml"
UNLIMITED = "Unlimited"
UNIT_MB = {"MB": 1, "GB": 1024, "TB": 1024 * 1024, "KB": 1 / 1024, "B": 1 / MB}
UNIT_MHZ = {"MHz": 1, "GHz": 1000, "Hz": 1e-6}


@dataclass(frozen=True)
class Amount:
    """Used and limit of something; `limit` None = unlimited."""

    used: int
    limit: int | None

    @property
    def available(self) -> int | None:
        """What is left, at least 0; None = unlimited."""
        return None if self.limit is None else max(0, self.limit - self.used)


@dataclass(frozen=True)
class VdcFigures:
    """An organization vDC. `cpu_mhz` in MHz, the rest in bytes."""

    name: str
    href: str
    cpu_mhz: Amount
    memory_bytes: Amount
    profiles: tuple[OfferedProfile, ...]
    networks: tuple[OfferedNetwork, ...]
    vapps: tuple[str, ...] = ()

    @property
    def storage_bytes(self) -> Amount:
        """Of all its profiles; unlimited when one is."""
        limits = [p.limit_bytes for p in self.profiles]
        limit = None if None in limits else sum(b for b in limits if b is not None)
        return Amount(sum(p.used_bytes for p in self.profiles), limit)

    def offered(self) -> OfferedVdc:
        """As the plugin lists it (cx.md 2.3, screenshot: `0 MHz / Unlimited`, `0 / Unlimited`,
        `0 / 200.00 GB`)."""
        return OfferedVdc(
            self.name, self.href, mhz_text(self.cpu_mhz), size_text(self.memory_bytes),
            size_text(self.storage_bytes), self.profiles, self.networks, self.vapps,
        )  # fmt: skip


def mhz_text(amount: Amount) -> str:
    """`0 MHz / Unlimited`; how a limited one is written is [I]: `2000 MHz / 10000 MHz`."""
    limit = UNLIMITED if amount.limit is None else f"{amount.limit} MHz"
    return f"{amount.used} MHz / {limit}"


def size_text(amount: Amount) -> str:
    """`0 / 200.00 GB`: 0 has no unit, all else two decimals; below 1 GB in MB [I]."""
    return f"{_size(amount.used)} / {UNLIMITED if amount.limit is None else _size(amount.limit)}"


def _size(size_bytes: int) -> str:
    if size_bytes == 0:
        return "0"
    return f"{size_bytes / GB:.2f} GB" if size_bytes >= GB else f"{size_bytes / MB:.2f} MB"


def versions(document: Element) -> list[str]:
    """The API versions that SupportedVersions lists."""
    found = []
    for info in document.iterchildren(f"{{{VERSIONS}}}VersionInfo"):
        text = info.findtext(f"{{{VERSIONS}}}Version")
        if text and text.strip():
            found.append(str(text.strip()))
    if not found:
        raise ValueError("no API version is listed")
    return found


def link(document: Element, media_type: str, name: str | None = None, rel: str = "down") -> str | None:
    """The href of the first link of this rel and type (and name, whatever its case)."""
    return next((href for _, href in links(document, media_type, rel, name)), None)


def links(
    document: Element, media_type: str, rel: str = "down", name: str | None = None
) -> Iterator[tuple[str, str]]:
    """(name, href) of the links of this rel and type."""
    for element in document.iterchildren(f"{{{VCLOUD}}}Link"):
        given = str(element.get("name") or "")
        if (
            element.get("rel") == rel
            and (element.get("type") or "").lower() == media_type.lower()
            and element.get("href")
            and (name is None or given.lower() == name.lower())
        ):
            yield given, str(element.get("href"))


def vdc(document: Element, profiles: Sequence[OfferedProfile]) -> VdcFigures:
    """A Vdc with its storage profiles (whose use is in the query service only)."""
    capacity = _child(document, "ComputeCapacity")
    networks = document.find(f"{{{VCLOUD}}}AvailableNetworks")
    return VdcFigures(
        _attribute(document, "name"),
        _attribute(document, "href"),
        _amount(_child(capacity, "Cpu"), UNIT_MHZ, 1),
        _amount(_child(capacity, "Memory"), UNIT_MB, MB),
        tuple(profiles),
        tuple(
            OfferedNetwork(_attribute(n, "name"), _attribute(n, "href"))
            for n in (() if networks is None else networks.iterchildren(f"{{{VCLOUD}}}Network"))
        ),
        tuple(_vapp_names(document)),
    )


def _vapp_names(document: Element) -> Iterator[str]:
    """Of the resource entities of a Vdc; it also lists templates and media."""
    for entity in document.iterfind(f"{{{VCLOUD}}}ResourceEntities/{{{VCLOUD}}}ResourceEntity"):
        if (entity.get("type") or "").lower() == VAPP.lower():
            yield _attribute(entity, "name")


def profile_hrefs(document: Element) -> list[str]:
    """The hrefs of a Vdc's storage profiles, in its order."""
    holder = document.find(f"{{{VCLOUD}}}VdcStorageProfiles")
    found = () if holder is None else holder.iterchildren(f"{{{VCLOUD}}}VdcStorageProfile")
    return [_attribute(profile, "href") for profile in found]


def profile_records(document: Element) -> Iterator[OfferedProfile]:
    """The enabled storage profiles in a page of orgVdcStorageProfile records."""
    for record in document.iterchildren(f"{{{VCLOUD}}}OrgVdcStorageProfileRecord"):
        if record.get("isEnabled", "true") == "false":
            continue
        limit_mb = _whole(record, "storageLimitMB")
        yield OfferedProfile(
            _attribute(record, "name"),
            _attribute(record, "href"),
            limit_mb * MB or None,
            _whole(record, "storageUsedMB") * MB,
        )


def same_object(one: str, other: str) -> bool:
    """True when two hrefs name the same object, whatever address they begin with."""
    return one.rstrip("/").rpartition("/")[2] == other.rstrip("/").rpartition("/")[2]


def _amount(element: Element, units: dict[str, float], size: int) -> Amount:
    name = str(element.findtext(f"{{{VCLOUD}}}Units") or "").strip()
    if name not in units:
        raise ValueError(f"the unit '{name}' is unknown")
    used, limit = (round(_number(element, tag) * units[name] * size) for tag in ("Used", "Limit"))
    return Amount(used, limit or None)


def _number(element: Element, tag: str) -> int:
    text = str(element.findtext(f"{{{VCLOUD}}}{tag}") or "").strip()
    if not text.isdecimal():
        raise ValueError(f"'{tag}' is missing or not a number")
    return int(text)


def _whole(element: Element, name: str) -> int:
    text = str(element.get(name) or "").strip()
    if not text.isdecimal():
        raise ValueError(f"'{name}' is missing or not a number")
    return int(text)


def _attribute(element: Element, name: str) -> str:
    value = element.get(name)
    if not value:
        raise ValueError(f"'{name}' is missing")
    return str(value)


def _child(element: Element, name: str) -> Element:
    found = element.find(f"{{{VCLOUD}}}{name}")
    if found is None:
        raise ValueError(f"'{name}' is missing")
    return found

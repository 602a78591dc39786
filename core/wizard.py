"""What users type: the provider cloud dialogue, the migration wizard, the cutover dialogue.

Rules of this file: records of the forms as typed, and the checks that need nobody else: a value that is
malformed by itself is refused here with its field's name, before anything is begun. Whether a named thing
exists is checked against the products in `preflight.py`. Fields and values: cx.md 1.3, 2.3, 3.2.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import SplitResult, unquote, urlsplit

from cxsim.core.configuration import ApplianceConfig
from cxsim.core.errors import InputError

WARM, COLD = "Warm", "Cold"
THIN, THICK = "Thin", "Thick"
INDIVIDUAL, GROUP = "individual", "group"

NAME_CHARACTERS = 128
"""vCloud Director's longest name of a vApp or VM [I]; held for every name and tag that is typed."""

LATEST_START_S = 253_402_300_799.0
"""9999-12-31T23:59:59Z: the last instant that can be written down (RFC 3339)."""

LONGEST_DELAY_S = 366 * 86_400.0
"""A start further away is taken for a mistake: of the year, or of the clock it was meant for [I]."""

_URL_EXAMPLE = "https://<host>/cloud/org/<organization>"
_CX_URL_EXAMPLE = "https://<host>:443"
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*")


@dataclass(frozen=True)
class ProviderCloudForm:
    """`Add a Provider Cloud` (cx.md 2.3)."""

    name: str
    url: str
    """Provider Cloud URL, `https://host/cloud/org/<Org>`."""
    cx_url: str
    """vCD Extender Cloud Service URL, `https://host:443`."""
    user: str
    """An organization administrator, without `@org`."""
    password: str = field(repr=False)


@dataclass(frozen=True)
class CloudEndpoints:
    """The two places and the organization that a provider cloud form names."""

    vcd_host: str
    vcd_port: int
    org: str
    cx_host: str
    cx_port: int

    @property
    def vcd_url(self) -> str:
        """Base URL of vCloud Director."""
        return _base_url(self.vcd_host, self.vcd_port)

    @property
    def cx_url(self) -> str:
        """Base URL of the CX cloud service."""
        return _base_url(self.cx_host, self.cx_port)

    @property
    def places(self) -> tuple[tuple[str, int], ...]:
        """The (host, port) pairs whose certificates the dialogue shows."""
        both = ((self.vcd_host, self.vcd_port), (self.cx_host, self.cx_port))
        return tuple(dict.fromkeys(both))


@dataclass(frozen=True)
class MigrationRequest:
    """The migration wizard (cx.md 3.2)."""

    job: str
    type: str
    """`Warm` or `Cold`."""
    vms: tuple[str, ...]
    cloud: str
    vdc: str
    storage_profile: str
    network: str
    layout: str = INDIVIDUAL
    """`individual` (each VM stays individually) or `group` (into a single vApp)."""
    vapp_name: str | None = None
    """The single vApp's name, with `group`."""
    start: float | None = None
    """When synchronization starts, seconds since the epoch; None: immediately."""
    rpo_s: float | None = 900.0
    """Target RPO in seconds, whole minutes (Warm). 15 min as in the article's screenshot."""
    disk_type: str = THIN
    tag: str = ""
    power_on: bool = True
    """Power on after migration (Cold; a warm one asks at its cutover)."""


@dataclass(frozen=True)
class CutoverRequest:
    """The cutover dialogue (cx.md 3.2)."""

    vms: tuple[str, ...]
    power_on: bool = True
    """Power on target VMs after cutover (on in the article's screenshot)."""
    tag: str = ""
    confirmed: bool = False
    """The dialogue's last question: the source VMs will be powered off."""


def cloud_endpoints(form: ProviderCloudForm, password_known: bool = True) -> CloudEndpoints:
    """Check a provider cloud form and take its URLs apart. Raises `InputError` for the first bad field.
    `password_known` False: the password was not written down and is not looked at."""
    attempted = "use the provider cloud as typed"
    _check_name(attempted, "Provider Cloud Name", form.name)
    vcd = _https_url(attempted, "Provider Cloud URL", form.url, _URL_EXAMPLE)
    match = re.fullmatch(r"/cloud/org/([^/]+)/?", vcd.path)
    if match is None:
        raise InputError(
            attempted,
            "Provider Cloud URL",
            f"'{form.url}' does not name an organization",
            f"that it looks like {_URL_EXAMPLE}",
        )
    cx = _https_url(attempted, "vCD Extender Cloud Service URL", form.cx_url, _CX_URL_EXAMPLE)
    if cx.path not in ("", "/"):
        raise InputError(
            attempted,
            "vCD Extender Cloud Service URL",
            f"'{form.cx_url}' has a path ('{cx.path}')",
            f"that it looks like {_CX_URL_EXAMPLE}, without a path",
        )
    if not form.user.strip():
        raise InputError(attempted, "Org Admin user", "it is empty", "that a user name is given")
    if "@" in form.user or ":" in form.user:
        raise InputError(
            attempted,
            "Org Admin user",
            f"'{form.user}' contains '@' or ':'",
            "that it is the bare name; the organization is taken from the Provider Cloud URL",
        )
    if password_known and not form.password:
        raise InputError(attempted, "Password", "it is empty", "that a password is given")
    return CloudEndpoints(
        vcd.hostname or "", vcd.port or 443, unquote(match[1]), cx.hostname or "", cx.port or 443
    )


def check_migration(request: MigrationRequest, config: ApplianceConfig, now_s: float) -> None:
    """Check the wizard's fields by themselves. Raises `InputError` for the first bad one."""
    _check_name("start the job", "Job Name", request.job)
    attempted = f"start job '{request.job}'"
    _choice(attempted, "Type", request.type, (WARM, COLD))
    if not request.vms:
        raise InputError(attempted, "Source VMs", "none is selected", "that at least one VM is selected")
    _check_selection(attempted, "Source VMs", request.vms)
    for where, chosen in (
        ("Target Cloud", request.cloud),
        ("vDC", request.vdc),
        ("Storage Profile", request.storage_profile),
        ("Network", request.network),
    ):
        if not chosen.strip():
            raise InputError(attempted, where, "none is chosen", "that one of those offered is chosen")
    _choice(attempted, "vApp layout", request.layout, (INDIVIDUAL, GROUP))
    if request.layout == GROUP:
        _check_name(attempted, "vApp name", request.vapp_name or "", "that the single vApp has a name")
    if request.layout == INDIVIDUAL and request.vapp_name:
        raise InputError(
            attempted,
            "vApp name",
            f"'{request.vapp_name}' is given",
            "that VMs are grouped, or leave it empty",
        )
    _choice(attempted, "Disk Type", request.disk_type, (THIN, THICK))
    _check_start(attempted, request.start, now_s)
    _check_text(attempted, "Tag", request.tag)
    if request.type == WARM:
        _check_rpo(attempted, request.rpo_s, config)


def check_cutover(attempted: str, request: CutoverRequest) -> None:
    """Check the cutover dialogue's fields by themselves, without its last question. Raises `InputError` for
    the first bad one."""
    if not request.vms:
        raise InputError(attempted, "VMs", "none is selected", "that at least one VM is selected")
    _check_selection(attempted, "VMs", request.vms)
    _check_text(attempted, "Tag", request.tag)


def _check_selection(attempted: str, where: str, vms: Sequence[str]) -> None:
    twice = sorted({vm for vm in vms if vms.count(vm) > 1})
    if twice:
        raise InputError(attempted, where, f"selected twice: {', '.join(twice)}", "the selection")


def _check_name(attempted: str, where: str, name: str, given: str = "that a name is given") -> None:
    if not name.strip():
        raise InputError(attempted, where, "it is empty", given)
    _check_text(attempted, where, name)


def _check_text(attempted: str, where: str, text: str) -> None:
    if len(text) > NAME_CHARACTERS:
        raise InputError(
            attempted,
            where,
            f"it has {len(text)} characters",
            f"that it has at most {NAME_CHARACTERS} characters",
        )
    odd = next((character for character in text if not character.isprintable()), None)
    if odd is not None:
        shown = f"'{odd.encode('unicode_escape').decode()}'"
        raise InputError(
            attempted, where, f"it contains a character that cannot be printed ({shown})", "what was pasted"
        )


def _check_start(attempted: str, start_s: float | None, now_s: float) -> None:
    where = "Start synchronization"
    if start_s is None:
        return
    if not 0 <= start_s <= LATEST_START_S:
        raise InputError(attempted, where, "it is not a date and time", "that it is like 2017-11-06T20:00Z")
    if start_s < now_s:
        past = f"{instant_text(start_s)} is in the past; it is {instant_text(now_s)} now"
        raise InputError(attempted, where, past, "date and time")
    if start_s > now_s + LONGEST_DELAY_S:
        far = f"{instant_text(start_s)} is more than a year away; it is {instant_text(now_s)} now"
        raise InputError(attempted, where, far, "the year, and that the clock is the one that is meant")


def instant_text(instant_s: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, whole seconds: `2017-11-06T09:00:00Z`."""
    return datetime.fromtimestamp(instant_s, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _check_rpo(attempted: str, rpo_s: float | None, config: ApplianceConfig) -> None:
    low, high = config.rpo_min_s, config.rpo_max_s
    allowed = f"that it is a whole number of minutes from {low / 60:g} to {high / 60:g}"
    if rpo_s is None:
        raise InputError(attempted, "Target RPO", "it is empty", allowed)
    if not math.isfinite(rpo_s) or not low <= rpo_s <= high or rpo_s % 60:
        raise InputError(attempted, "Target RPO", f"{rpo_s / 60:g} minutes is not possible", allowed)


def _choice(attempted: str, where: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise InputError(attempted, where, f"'{value}' is not a choice", f"that it is {' or '.join(choices)}")


def nearest(name: str, known: Iterable[str], noun: str) -> str:
    """What to check about a name that was not found: the nearest known names, or all when there are few."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if not close:
        folded = {candidate.casefold(): candidate for candidate in reversed(names)}
        found = difflib.get_close_matches(name.casefold(), list(folded), n=3, cutoff=0.6)
        close = [folded[candidate] for candidate in found]
    if close:
        return f"the {noun}'s name; nearest: {', '.join(close)}"
    if not names:
        return f"that a {noun} exists and that this user may see it"
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"the {noun}'s name; there are: {shown}"


def _https_url(attempted: str, where: str, text: str, example: str) -> SplitResult:
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise InputError(
            attempted, where, f"'{text}' is not a URL ({error})", f"that it looks like {example}"
        ) from None
    wrong = None
    if parts.scheme != "https":
        wrong = "does not begin with https://"
    elif not parts.hostname or not _HOST.fullmatch(parts.hostname):
        wrong = "has no valid host name"
    elif parts.username is not None or parts.query or parts.fragment:
        wrong = "has parts that do not belong here (user, query or fragment)"
    elif port == 0:
        wrong = "has port 0"
    if wrong:
        raise InputError(attempted, where, f"'{text}' {wrong}", f"that it looks like {example}")
    return parts


def _base_url(host: str, port: int) -> str:
    bracketed = f"[{host}]" if ":" in host else host
    return f"https://{bracketed}" if port == 443 else f"https://{bracketed}:{port}"

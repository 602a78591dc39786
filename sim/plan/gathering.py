"""From the options of a command to what a question is asked with; every mistake is found before it is told.

Rules of this file: a value that cannot be read becomes None and a mistake with what would be right; reading
goes on, so that all mistakes are told at once. Files are read here, with their problems kept. Nothing is
simulated, nothing is printed.
"""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from cxsim.sim.plan.basis import Basis
from cxsim.sim.plan.changes import Default, DefaultError, Sources, grade_rates, parse_default
from cxsim.sim.plan.changes.files import Finder
from cxsim.sim.plan.inventory import Inventory, InventoryError, read_inventory, synthetic, told
from cxsim.sim.plan.inventory.model import InventoryVm, Problem
from cxsim.sim.plan.links import Link, LinkError, parse_link, parse_rate
from cxsim.sim.plan.quotes import Quote, read_quotes
from cxsim.sim.plan.readiness import Kind, UnknownVm, assess
from cxsim.sim.plan.target import Target, TargetError, parse_target
from cxsim.sim.plan.waves.affinity import NoSuchColumn, groups_by, read_groups
from cxsim.sim.plan.waves.assign import ORDERS, Order
from cxsim.sim.plan.waves.calendar import Calendar, Window, WindowError, parse_window
from cxsim.sim.replication.settings import Settings
from cxsim.sim.scenario.quantities import DURATION, FRACTION, QuantityError, parse

PURPOSES = ("migration", "protection")
DEFAULT_RPO_S: Mapping[Kind, float] = {
    "protection": 15 * 60.0,
    "warm migration": 24 * 3600.0,
    "cold migration": 24 * 3600.0,
}
RPO_SOURCES: Mapping[Kind, str] = {
    "protection": "cx.md 4: the wizard has 15 min",
    "warm migration": "cx.md 6.1: vCloud Availability and Cloud Director Availability replicate a migration"
    " once a day; CX 1.x asks for it, with 15 min in the wizard",
    "cold migration": "cx.md 6.1; a VM that is off makes no deltas",
}
MOST_VMS, MOST_DAYS = 100_000, 3650
TIMES = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")
Seen = Callable[[str], object]


@dataclass
class Gathering:
    """What was given, read piece by piece. `mistakes`: all that was wrong so far; `said`: defaults that were
    taken and that an answer has to tell."""

    given: Mapping[str, Any]
    seen: Seen | None = None
    today: date | None = None
    """Stands in for the clock."""
    mistakes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, option: str, what: object) -> None:
        """Note a mistake."""
        self.mistakes.append(f"{option}: {what}")

    def kind(self) -> Kind | None:
        """What it is for."""
        purpose, warm = self.given.get("purpose"), self.given.get("warm")
        if purpose is None:
            self.wrong(
                "--for", "is it a migration or ongoing protection? write --for migration or --for protection"
            )
            return None
        found = [one for one in PURPOSES if purpose and one.startswith(purpose.strip().lower())]
        if len(found) != 1:
            self.wrong("--for", f"{purpose!r} is neither: write --for migration or --for protection")
            return None
        if found[0] == "protection":
            if warm is not None:
                self.wrong("--warm/--cold", "is of a migration; leave it out with --for protection")
            return "protection"
        return "warm migration" if warm in (None, True) else "cold migration"

    def count(self, option: str, name: str, least: int, most: int, default: int | None = None) -> int | None:
        """A whole number."""
        text = self.given.get(name)
        if text is None:
            return default
        try:
            number = int(str(text).replace(",", "").replace("_", ""))
        except ValueError:
            self.wrong(option, f"{text!r} is not a whole number: write {least or 1} to {most:,}")
            return default
        if not least <= number <= most:
            self.wrong(option, f"{number:,} is out of range: write {least} to {most:,}")
            return default
        return number

    def duration(self, option: str, text: str) -> float | None:
        """Seconds."""
        try:
            seconds = float(parse(text, DURATION))
        except QuantityError as error:
            self.wrong(option, error)
            return None
        if seconds <= 0:
            self.wrong(option, f'{text!r} is no time: write "15 min"')
            return None
        return seconds

    def share(self, option: str, name: str) -> float:
        """0..1, above 0."""
        text = self.given.get(name)
        try:
            share = float(parse(text, FRACTION))
        except QuantityError as error:
            self.wrong(option, error)
            return 1.0
        if share <= 0:
            self.wrong(option, f'{text!r} is nothing: write "95 %"')
        return share

    def rpos(self, kind: Kind | None) -> tuple[float, ...]:
        """Seconds, as given or by what it is for; one or more unless there was a mistake."""
        texts = [part for text in self.given.get("rpos", ()) for part in text.split(",")]
        if not texts:
            return (DEFAULT_RPO_S[kind],) if kind is not None else ()
        found = [self.duration("--rpo", text.strip()) for text in texts]
        known = tuple(dict.fromkeys(one for one in found if one is not None))
        for one in known:
            if not 60 <= one <= 86400:
                self.wrong("--rpo", f"{one:g} s is outside of 1 min to 24 h, which is what the product takes")
        return known

    def rpo_s(self, kind: Kind | None) -> float:
        """The only one."""
        found = self.rpos(kind)
        if len(found) > 1:
            self.wrong("--rpo", "one is wanted here; cxsim plan rpo compares several")
        return found[0] if found else 900.0

    def days(self) -> float:
        """How long a run is."""
        return float(self.count("--days", "days", 1, MOST_DAYS, 7) or 7)

    def seeds(self) -> int:
        """How many draws."""
        return self.count("--seeds", "seeds", 1, 1000, 3) or 3

    def within_s(self) -> float | None:
        """The time for a batch."""
        text = self.given.get("within")
        return None if text is None else self.duration("--within", text)

    def links(self, least: int = 0) -> tuple[Link, ...]:
        """As quoted; several only where they are compared."""
        texts = self.given.get("links", ())
        if len(texts) < least:
            self.wrong("--link", 'is missing: write it as it is quoted, --link "200 Mbit/s up"')
        found = []
        for text in texts:
            try:
                found.append(parse_link(text))
            except LinkError as error:
                self.wrong("--link", error)
        return tuple(found)

    def link(self, needed: bool = True) -> Link | None:
        """The only one."""
        found = self.links(1 if needed else 0)
        if len(found) > 1:
            self.wrong("--link", "one is wanted here; cxsim plan rpo compares several, --quotes ranks offers")
        return found[0] if found else None

    def rate(self, option: str, name: str) -> float | None:
        """bit/s."""
        text = self.given.get(name)
        if text is None:
            return None
        try:
            return parse_rate(text)
        except LinkError as error:
            self.wrong(option, error)
            return None

    def instant(self, option: str, name: str) -> datetime | None:
        """A date, with or without a time of the day."""
        text = self.given.get(name)
        if text is None:
            return None
        for form in TIMES:
            try:
                return datetime.strptime(text.strip(), form)
            except ValueError:
                continue
        self.wrong(option, f'{text!r} is no time: write "2017-11-06" or "2017-11-06 20:00"')
        return None

    def start(self) -> datetime:
        """As given, or the coming Monday at 0:00."""
        given = self.instant("--start", "start")
        if given is not None:
            return given
        today = self.today or date.today()
        return datetime.combine(today + timedelta(days=-today.weekday() % 7 or 7), time())

    def deadline(self, start: datetime, needed: bool = True) -> datetime | None:
        """After the start; a date alone is its last minute."""
        found = self.instant("--by", "by")
        if found is None:
            if needed and self.given.get("by") is None:
                self.wrong("--by", 'is missing: write until when all is to be done, --by "2017-12-01"')
            return None
        if len(self.given["by"].strip()) == len("2017-12-01"):
            found = datetime.combine(found.date(), time(23, 59))
        if found <= start:
            self.wrong("--by", f"{found:%Y-%m-%d %H:%M} is not after the start, {start:%Y-%m-%d %H:%M}")
        return found

    def calendar(self) -> Calendar:
        """Windows and blackouts."""

        def read(option: str, name: str) -> tuple[Window, ...]:
            found = []
            for text in self.given.get(name, ()):
                try:
                    found.append(parse_window(text))
                except WindowError as error:
                    self.wrong(option, error)
            return tuple(found)

        return Calendar(read("--window", "windows"), read("--blackout", "blackouts"))

    def order(self) -> Order:
        """Of waves."""
        text = str(self.given.get("order") or ORDERS[0]).strip().lower()
        found = [order for order in ORDERS if order.startswith(text)]
        if len(found) != 1:
            self.wrong("--order", f"{text!r} is no order: write {', '.join(ORDERS)}")
            return ORDERS[0]
        return found[0]

    def groups(self, basis: Basis | None) -> dict[str, str] | None:
        """Group by label, of VMs that move together."""
        text = self.given.get("together")
        if text is None or basis is None:
            return None
        path = Path(text)
        if path.suffix.lower() in (".csv", ".txt", ".tsv"):
            finder, problems = Finder(basis.inventory.vms), list[Problem]()
            found: dict[str, str] | None = self._file(lambda: read_groups(path, finder, problems))
            self.mistakes += told(problems)
            return found
        try:
            return groups_by(basis.inventory.vms, text)
        except NoSuchColumn as error:
            self.wrong("--together", error)
            return None

    def target(self) -> Target | None:
        """The vDC."""
        text = self.given.get("target")
        if text is None:
            return None
        try:
            return parse_target(text)
        except TargetError as error:
            self.wrong("--target", error)
            return None

    def quotes(self) -> tuple[Quote, ...]:
        """The offers."""
        path = self.given.get("quotes")
        if path is None:
            return ()
        return self._file(lambda: read_quotes(path)) or ()

    def settings(self) -> Settings:
        """The constants of the data plane, with those that were given."""
        kinds = {one.name: getattr(Settings(), one.name) for one in fields(Settings)}
        changed: dict[str, Any] = {}
        for text in self.given.get("settings", ()):
            name, equals, value = (part.strip() for part in text.partition("="))
            if not equals or name not in kinds or isinstance(kinds[name], tuple):
                close = difflib.get_close_matches(name, kinds, 1)
                right = f"did you mean {close[0]}=...?" if close else "write link_efficiency=0.9"
                self.wrong("--setting", f"{text!r} is not NAME=VALUE of a constant: {right}")
                continue
            try:
                changed[name] = _like(kinds[name], value)
            except ValueError as error:
                self.wrong("--setting", f"{name}: {error}")
        try:
            return Settings(**changed)
        except ValueError as error:
            self.wrong("--setting", error)
            return Settings()

    def inventory(self) -> Inventory | None:
        """Read, or made up."""
        path, seed = self.given.get("inventory"), self.seed()
        count = self.count("--vms", "vms", 1, MOST_VMS)
        if path is not None and self.given.get("vms") is not None:
            self.wrong("--vms", "is instead of an inventory: leave one of them out")
            return None
        if path is None:
            if count is not None:
                return synthetic(count, seed)
            if self.given.get("vms") is None:
                self.wrong(
                    "INVENTORY", "give RVTools' export, a plain table (docs/inventory.md) or --vms 500"
                )
            return None
        found: Inventory | None = self._file(lambda: read_inventory(path, self.seen))
        return found

    def seed(self) -> int:
        """Of everything that is drawn."""
        return self.count("--seed", "seed", 0, 2**63 - 1, 1) or 0

    def sources(self) -> Sources:
        """Where change rates come from."""
        given = {
            name: tuple(self.given.get(name, ())) for name in ("traces", "backups", "counters", "classes")
        }
        default = Default()
        try:
            default = parse_default(self.given.get("default_rate") or "fleet")
        except DefaultError as error:
            self.wrong("--default-rate", error)
        return Sources(**given, default=default)

    def basis(self, kind: Kind | None, start: datetime | None = None) -> Basis | None:
        """What every question starts from; None when there is a mistake in it. Read the rest as well before
        giving up: see `mistakes`."""
        inventory, sources, settings = self.inventory(), self.sources(), self.settings()
        measured_bps, cap_bps = self.rate("--measured", "measured"), self.rate("--per-vm", "cap")
        at_once = self.count("--at-once", "at_once", 1, 100_000)
        if inventory is None or kind is None:
            return None
        self.problems += inventory.problems
        excluded = self._excluded(inventory.vms)
        try:
            readiness = assess(inventory, kind, self.given.get("include", ()), excluded)
        except UnknownVm as error:
            self.mistakes.append(str(error))
            return None
        changes = self._file(lambda: grade_rates(inventory.vms, sources, self.seed()))
        if changes is None:
            return None
        self.problems += changes.problems
        return Basis(
            inventory,
            readiness,
            changes,
            kind,
            settings,
            self.seed(),
            start or self.start(),
            limits={} if at_once is None else {"replicator": at_once},
            measured_bps=measured_bps,
            excluded_disks=excluded,
            cap_bps=float("inf") if cap_bps is None else cap_bps,
            problems=tuple(told(self.problems)),
        )

    def _excluded(self, vms: Sequence[InventoryVm]) -> dict[str, tuple[int, ...]]:
        """Keys of disks by label."""
        found: dict[str, tuple[int, ...]] = {}
        for text in self.given.get("excluded", ()):
            name, _, disk = (part.strip() for part in text.rpartition(":"))
            if not name or not disk:
                self.wrong("--exclude-disk", f'{text!r} is not VM:DISK: write "sql01:Hard disk 2"')
                continue
            owners = [vm for vm in vms if fnmatch.fnmatchcase(vm.label, name) or name in (vm.label, vm.name)]
            if not owners:
                close = difflib.get_close_matches(name, [vm.label for vm in vms], 3)
                right = f": did you mean {' or '.join(map(repr, close))}?" if close else ""
                self.wrong("--exclude-disk", f"{name!r}: no such VM{right}")
                continue
            hit = {vm.label: keys for vm in owners if (keys := _keys(vm, disk))}
            if not hit:
                there = ", ".join(f"{one.name} ({one.key})" for one in owners[0].disks) or "no disk"
                self.wrong("--exclude-disk", f"{owners[0].label} has no {disk!r}: it has {there}")
            for label, keys in hit.items():
                found[label] = tuple(sorted({*found.get(label, ()), *keys}))
        return found

    def _file(self, read: Callable[[], Any]) -> Any:
        """What a file holds, or None and its mistakes."""
        try:
            return read()
        except InventoryError as error:
            self.mistakes += told(error.problems)
        except OSError as error:
            self.mistakes.append(f"{error.filename}: {error.strerror or error}")
        return None


def _keys(vm: InventoryVm, disk: str) -> list[int]:
    """Of the VM's disks with this name or key."""
    return [one.key for one in vm.disks if one.key is not None and disk in (one.name, str(one.key))]


def _like(example: object, text: str) -> object:
    """A text as a value of the same type. Raises ValueError."""
    if isinstance(example, bool):
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in words:
            raise ValueError(f"{text!r} is neither true nor false")
        return words[text.lower()]
    if isinstance(example, int):
        return int(text)
    if isinstance(example, float):
        return float(text)
    return text

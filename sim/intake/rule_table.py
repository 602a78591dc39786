"""A table of rules as CSV: firewall rules (a column `action`) or translations (`original`, `translated`).

Rules of this file: the columns are one table each, with the names that people use for them; anything else is
left out and told. Commas, semicolons or tabs; UTF-8, UTF-16 with its mark, or else Windows-1252. A row named
`default` says what happens when no rule matches.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cxsim.sim.intake.nat_pairs import NatPair, written_pair
from cxsim.sim.intake.reading import Reading
from cxsim.sim.intake.records import ANY, Kind, NatLine, RuleLine
from cxsim.sim.intake.values import ANY_PORT, action, name_of, ports, rule_id, split, yes_or_no
from cxsim.sim.scenario.places import Place
from cxsim.sim.scenario.problems import advice

MOST_ROWS = 50_000
MOST_CELL = 10_000
RULE_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "no", "nr", "number", "ruleid"),
    "name": ("name", "rule", "rulename", "description", "comment"),
    "enabled": ("enabled", "active", "isenabled"),
    "action": ("action", "policy", "verdict"),
    "source": ("source", "src", "from", "sourceip", "sourceaddress"),
    "destination": ("destination", "dst", "to", "destinationip", "destinationaddress"),
    "protocol": ("protocol", "proto"),
    "ports": ("ports", "port", "destinationport", "destinationports", "dstport", "service", "services"),
    "source ports": ("sourceports", "sourceport", "srcport"),
    "direction": ("direction", "dir"),
    "match on": ("matchon", "matchtranslated", "matchontranslate", "matchontranslated"),
    "logged": ("logged", "log", "logging", "enablelogging"),
}
NAT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "no", "nr", "number", "ruleid"),
    "name": ("name", "rule", "rulename", "description", "comment"),
    "enabled": ("enabled", "active", "isenabled"),
    "type": ("type", "kind", "action", "ruletype"),
    "original": ("original", "originalip", "originaladdress"),
    "original port": ("originalport",),
    "translated": ("translated", "translatedip", "translatedaddress"),
    "translated port": ("translatedport",),
    "protocol": ("protocol", "proto"),
    "interface": ("interface", "appliedon", "vnic"),
    "source": ("source", "matchsource", "dnatmatchsourceaddress"),
    "destination": ("destination", "matchdestination", "snatmatchdestinationaddress"),
}
NEEDED_OF_RULES = ("action", "source", "destination")
NEEDED_OF_NAT = ("type", "original", "translated")
ACTIONS = {
    "allow": "allow", "accept": "allow", "permit": "allow", "pass": "allow",
    "drop": "drop", "deny": "drop", "block": "drop", "discard": "drop", "reject": "reject",
}  # fmt: skip
PROTOCOLS = {
    "tcp": "tcp", "udp": "udp", "tcpudp": "tcpudp", "tcp/udp": "tcpudp", "tcp+udp": "tcpudp", "icmp": "icmp",
    "any": "any", "ip": "any", "*": "any", "": "any",
}  # fmt: skip
DIRECTIONS = {"any": "any", "": "any", "in": "in", "inbound": "in", "ingress": "in",
              "out": "out", "outbound": "out", "egress": "out"}  # fmt: skip
NAT_TYPES = {"dnat": "dnat", "snat": "snat"}
MATCH_ON = {"": "", "original": "", "no": "", "false": "", "translated": "translated", "yes": "translated",
            "true": "translated"}  # fmt: skip
HEADER = "id;name;enabled;action;source;destination;protocol;ports"
NAT_HEADER = "id;name;enabled;type;original;original port;translated;translated port;protocol;interface"
_SERVICE = re.compile(r"(tcp|udp)[/ :](.+)", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """A row: its cells by column, and where it begins."""

    cells: Mapping[str, str]
    place: Place

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "").strip()


def read(raw: bytes, reading: Reading) -> None:
    """Read the table into the config; mistakes go to the problems."""
    table = _table(raw, reading)
    if table is None:
        return
    columns, rows, is_nat = table
    kind = "translations" if is_nat else "firewall rules"
    reading.config.sources.append(f"{reading.file}: CSV of {kind} ({', '.join(c for c in columns if c)})")
    where = Place(reading.file, 1)
    if (reading.config.nat if is_nat else reading.config.rules) is not None:
        reading.problems.add(where, "CSV", f"is the second table of {kind}", "one file with them")
        return
    if is_nat:
        reading.config.nat_place, reading.config.nat = where, []
    else:
        reading.config.firewall_place, reading.config.rules = where, []
    taken = {row["id"] for row in rows if row["id"]}
    for number, row in enumerate(rows, 1):
        own = row["id"] or _free(number, taken)
        if is_nat:
            _nat(row, own, reading)
        else:
            _rule(row, own, reading)
        reading.quiet = False


def _free(number: int, taken: set[str]) -> str:
    while str(number) in taken:
        number += 100_000
    return str(number)


# -- the table ----------------------------------------------------------------------------------------


def _table(raw: bytes, reading: Reading) -> tuple[list[str], list[Row], bool] | None:
    """Columns (empty where one is left out), rows, and whether they are translations."""
    text = _text(raw, reading)
    if text is None:
        return None
    told = len(reading.problems.found)
    lines = list(_lines(text, reading))
    if len(reading.problems.found) > told:
        return None
    if not lines:
        reading.problems.add(Place(reading.file, 1), "CSV", "is empty", f"begin with a header, as {HEADER}")
        return None
    (at, header), *rest = lines
    plain = [re.sub(r"[^a-z0-9]", "", cell.casefold()) for cell in header]
    is_nat = {"original", "translated"} <= {_column(cell, NAT_COLUMNS) for cell in plain}
    known = NAT_COLUMNS if is_nat else RULE_COLUMNS
    columns = [_column(cell, known) for cell in plain]
    where = Place(reading.file, at)
    missing = [name for name in (NEEDED_OF_NAT if is_nat else NEEDED_OF_RULES) if name not in columns]
    for name in missing:
        right = f"a header as {NAT_HEADER if is_nat else HEADER}, or {NAT_HEADER}"
        near = advice(name, [cell.strip() for cell in header], "columns") if header else ""
        reading.problems.add(where, "header", f"has no column {name} ({near})", right)
    for name in {c for c in columns if c and columns.count(c) > 1}:
        reading.problems.add(where, "header", f"has two columns {name}", "one of each")
    for cell, column in zip(header, columns, strict=True):
        if not column and cell.strip():
            reading.config.note(Kind.LEFT_OUT, where, f"column {cell.strip()!r} is not read")
    if missing:
        return None
    rows = []
    for line, cells in rest:
        if len(cells) > len(columns):
            wrong = f"has {len(cells)} cells, the header {len(columns)}"
            reading.problems.add(
                Place(reading.file, line), "row", wrong, "put cells with the separator in quotes"
            )
            continue
        given = {c: cell for c, cell in zip(columns, cells, strict=False) if c}
        rows.append(Row(given, Place(reading.file, line)))
    return columns, rows, is_nat


def _column(plain: str, known: Mapping[str, tuple[str, ...]]) -> str:
    return next((name for name, spellings in known.items() if plain in spellings), "")


def _text(raw: bytes, reading: Reading) -> str | None:
    where = Place(reading.file, 1)
    try:
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return raw.decode("utf-16")
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        if b"\0" in raw or raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            reading.problems.add(where, "CSV", "is a binary file", "save the table as CSV")
            return None
        reading.config.note(Kind.INFERRED, where, "is not UTF-8: read as Windows-1252")
        return raw.decode("cp1252", errors="replace")


def _lines(text: str, reading: Reading) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, with the line at which each begins."""
    if "\0" in text:
        reading.problems.add(Place(reading.file, 1), "CSV", "is a binary file", "save the table as CSV")
        return
    first = text.lstrip("\r\n").partition("\n")[0].strip()
    separator = first[4:5] if first.lower().startswith("sep=") else max(";,\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator or ",", strict=True)
    begins = 1
    try:
        for count, cells in enumerate(reader):
            if count > MOST_ROWS:
                reading.problems.add(
                    Place(reading.file, begins), "CSV", f"has more than {MOST_ROWS} rows", "fewer"
                )
                return
            comment = cells[:1] and cells[0].lstrip().startswith("#")
            marker = len(cells) == 1 and cells[0].lower().startswith("sep=")
            marker = marker or (begins == 1 and cells[:1] == ["sep="])
            if any(cell.strip() for cell in cells) and not comment and not marker:
                yield begins, [cell[:MOST_CELL] for cell in cells]
            begins = reader.line_num + 1
    except csv.Error as error:
        reading.problems.add(Place(reading.file, begins), "CSV", f"{error}", "close the quotes of this row")


# -- rows ---------------------------------------------------------------------------------------------


def _rule(row: Row, own: str, reading: Reading) -> None:
    config = reading.config
    if "default" in (row["id"].casefold(), row["name"].casefold()) and not config.default:
        config.default = reading.tried(row.place, "default", "drop", action, row["action"], ACTIONS)
        return
    subject = f"rule {own}"
    enabled = reading.tried(row.place, subject, True, yes_or_no, row["enabled"], True)
    reading.quiet = not enabled
    noted = len(config.notes)
    source = reading.ends(row.place, subject, split(row["source"] or "any"))
    destination = reading.ends(row.place, subject, split(row["destination"] or "any"))
    protocol, port_ranges = _service(row, subject, reading)
    nothing = "" if source.items and destination.items else "for IPv6 only"
    if nothing:
        reading.forget(noted)
    assert config.rules is not None
    config.rules.append(
        RuleLine(
            id=reading.tried(row.place, subject, 0, rule_id, own),
            name=name_of(row["name"], subject),
            action=reading.tried(row.place, f"{subject}, action", "drop", action, row["action"], ACTIONS),
            source=source.items,
            destination=destination.items,
            protocol=protocol,
            ports=port_ranges,
            source_ports=reading.tried(
                row.place, f"{subject}, source ports", ANY_PORT, ports, row["source ports"]
            ),
            place=row.place,
            direction=reading.tried(
                row.place, f"{subject}, direction", "any", action, row["direction"], DIRECTIONS
            ),
            translated=bool(
                reading.tried(row.place, f"{subject}, match on", "", action, row["match on"], MATCH_ON)
            ),
            enabled=enabled,
            logged=reading.tried(row.place, subject, False, yes_or_no, row["logged"], False),
            matches_nothing=bool(nothing),
            comment=nothing,
        )
    )


def _service(row: Row, subject: str, reading: Reading) -> tuple[str, tuple[str, ...]]:
    """Protocol and ports; `tcp/443` in the ports says both; a word is a group."""
    protocol = row["protocol"].casefold()
    listed: list[str] = []
    groups: list[str] = []
    said: set[str] = set()
    for item in split(row["ports"] or "any"):
        service = _SERVICE.fullmatch(item)
        if service is not None:
            said.add(service[1].lower())
            item = service[2]
        (listed if item[:1].isdigit() or item.lower() in ("any", "*", "-1") else groups).append(item)
    found = reading.tried(row.place, f"{subject}, ports", ANY_PORT, ports, ",".join(listed) or "any")
    if said and not protocol:
        protocol = "tcpudp" if len(said) == 2 else said.pop()
    protocol = reading.tried(row.place, f"{subject}, protocol", "any", action, protocol, PROTOCOLS)
    if groups and (found or not listed):
        unknown = tuple(reading.unknown_group(row.place, subject, group, "ports") for group in groups)
        return protocol, (*found, *unknown)
    return protocol, found


def _nat(row: Row, own: str, reading: Reading) -> None:
    subject = f"NAT rule {own}"
    kind = reading.tried(row.place, f"{subject}, type", "dnat", action, row["type"], NAT_TYPES)
    enabled = reading.tried(row.place, subject, True, yes_or_no, row["enabled"], True)
    reading.quiet = not enabled
    ends = [_address_and_port(row[name], row[f"{name} port"]) for name in ("original", "translated")]
    pair = NatPair(kind, *ends[0], *ends[1], subject, row.place)
    original, translated = written_pair(pair, reading)
    source = reading.ends(row.place, subject, split(row["source"] or "any")).items or ANY
    destination = reading.ends(row.place, subject, split(row["destination"] or "any")).items or ANY
    protocol = row["protocol"].casefold()
    assert reading.config.nat is not None
    reading.config.nat.append(
        NatLine(
            id=reading.tried(row.place, subject, 0, rule_id, own),
            name=name_of(row["name"], subject),
            type=kind,
            original=original,
            translated=translated,
            protocol=reading.tried(row.place, f"{subject}, protocol", "any", action, protocol, PROTOCOLS),
            place=row.place,
            interface=row["interface"],
            side="" if row["interface"] else "outside",
            source=source if kind == "dnat" else ANY,
            destination=destination if kind == "snat" else ANY,
            enabled=enabled,
        )
    )


def _address_and_port(cell: str, port: str) -> tuple[str | None, str | None]:
    """`198.51.100.10:443` in one cell, or in two."""
    address, colon, own = cell.rpartition(":")
    if colon and not port and not address.count(":"):
        return address, own
    return cell or None, port or None

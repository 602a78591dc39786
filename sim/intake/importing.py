"""Files of one edge, read into one config: which reader, which side an interface is, what groups hold.

Rules of this file: a table from the root of an export to its reader. Everything that is wrong is told at
once, and nothing is returned then. What nobody told stays unknown, and is noted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cxsim.sim.intake import nsxv_edge, rule_table, vcd_edge, xmlfile
from cxsim.sim.intake.reading import Reading
from cxsim.sim.intake.records import ANY, EdgeConfig, Kind, NatLine
from cxsim.sim.intake.values import Unreadable, ends, ports, split
from cxsim.sim.scenario.places import Place
from cxsim.sim.scenario.problems import Problems, ScenarioErrors, advice
from cxsim.sim.scenario.yamlfile import shown_path

COMMAND_LINE = Place("command line", 1)
SIDES = ("outside", "inside", "any")
READERS: Mapping[str, Callable[[xmlfile.Element, Reading], None]] = {
    **dict.fromkeys(vcd_edge.ROOTS, vcd_edge.read),
    **dict.fromkeys(nsxv_edge.ROOTS, nsxv_edge.read),
}
"""Root element -> reader."""


@dataclass(frozen=True)
class Options:
    """What the user adds to the files. `groups`: name -> members as typed; `interfaces`: name -> side;
    `default`: action when no rule matches, if the files do not say."""

    groups: Mapping[str, str] = field(default_factory=dict)
    interfaces: Mapping[str, str] = field(default_factory=dict)
    default: str = ""


def import_edge(paths: Sequence[Path], edge: str, options: Options | None = None) -> EdgeConfig:
    """What the files say of an edge. Raises ScenarioErrors with every mistake."""
    options = options or Options()
    config, problems = EdgeConfig(edge), Problems()
    for path in paths:
        _read(path, config, problems)
    if not problems.found:
        _unique_ids(config, problems)
        _fill_groups(config, options, problems)
        _sides(config, options, problems)
        _default(config, options, problems)
        _missing_halves(config)
    if problems.found:
        raise ScenarioErrors(problems.found)
    _unique_names(config)
    return config


def _read(path: Path, config: EdgeConfig, problems: Problems) -> None:
    file = shown_path(path)
    start = Place(file, 1)
    try:
        with path.open("rb") as stream:
            raw = stream.read(xmlfile.MOST_BYTES + 1)
    except FileNotFoundError:
        problems.add(start, "", "there is no such file", "name the export of an edge: XML or CSV")
        return
    except OSError as error:
        problems.add(start, "", f"cannot be read ({error.strerror})", "name a file that can be read")
        return
    reading = Reading(config, file, problems)
    if not raw.strip():
        problems.add(start, "", "is empty", "name the export of an edge: XML or CSV")
    elif _is_xml(raw):
        root = xmlfile.parse(raw, file, problems)
        if root is not None:
            _read_xml(root, reading)
    elif len(raw) > xmlfile.MOST_BYTES:
        problems.add(
            start, "", f"is larger than {xmlfile.MOST_BYTES // 2**20} MiB", "is it a table of rules?"
        )
    else:
        rule_table.read(raw, reading)


def _is_xml(raw: bytes) -> bool:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if raw.startswith(mark):
            return raw[2:200].decode(encoding, "ignore").lstrip().startswith("<")
    return raw.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _read_xml(root: xmlfile.Element, reading: Reading) -> None:
    name = xmlfile.tag(root)
    reader = READERS.get(name)
    if reader is not None:
        reader(root, reading)
        return
    right = f"an export whose root is one of {', '.join(READERS)}"
    reading.problems.add(
        xmlfile.place(root, reading.file), name, "is not an export of an edge that is known here", right
    )


def _unique_ids(config: EdgeConfig, problems: Problems) -> None:
    for what, lines in (("rule", config.rules or []), ("NAT rule", config.nat or [])):
        first: dict[int, Place] = {}
        for line in lines:
            seen = first.setdefault(line.id, line.place)
            if seen is not line.place:
                problems.add(
                    line.place, f"{what} {line.id}", f"has the number of the rule at {seen}", "each once"
                )


def _unique_names(config: EdgeConfig) -> None:
    """Names of NAT rules are unique in an environment: a second one gets its number."""
    taken: set[str] = set()
    for index, line in enumerate(config.nat or []):
        name = line.name if line.name not in taken else f"{line.name} ({line.id})"
        taken.add(name)
        if config.nat is not None:
            config.nat[index] = replace(line, name=name)


# -- what the user adds -------------------------------------------------------------------------------


def _used(config: EdgeConfig) -> tuple[set[str], set[str]]:
    """Names that rules use as addresses, and as ports."""
    rules = [rule for rule in config.rules or [] if not rule.matches_nothing]
    as_ports = {name for rule in rules for name in (*rule.ports, *rule.source_ports)}
    as_addresses = {name for rule in rules for name in (*rule.source, *rule.destination)}
    for line in config.nat or []:
        as_addresses.update((line.original, *line.source, *line.destination))
    return as_addresses, as_ports


def _fill_groups(config: EdgeConfig, options: Options, problems: Problems) -> None:
    as_addresses, as_ports = _used(config)
    config.groups = {name: m for name, m in config.groups.items() if name in as_addresses | as_ports}
    for name, members in options.groups.items():
        if name not in config.groups:
            wrong = f"no rule uses group {name!r}"
            problems.add(COMMAND_LINE, "--group", wrong, advice(name, list(config.groups), "groups"))
            continue
        try:
            found = ports(members) if name in as_ports else ends(split(members)).items
        except Unreadable as error:
            problems.add(COMMAND_LINE, f"--group {name}", str(error), error.right)
            continue
        if not found:
            problems.add(COMMAND_LINE, f"--group {name}", "has no members", "write addresses, or ports")
        config.groups[name] = found
        config.notes = [note for note in config.notes if note.group != name]
    known = {"any", "internal", "external", *config.groups}
    for name, filled in config.groups.items():
        for member in filled or ():
            if not member[:1].isdigit() and member not in known:
                problems.add(
                    COMMAND_LINE,
                    f"--group {name}",
                    f"{member!r} is not an address",
                    "write addresses, or ports",
                )


def _sides(config: EdgeConfig, options: Options, problems: Problems) -> None:
    """The side that each translation is applied on."""
    lines = config.nat or []
    named = list(dict.fromkeys(line.interface for line in lines if not line.side))
    for name, side in options.interfaces.items():
        if name not in {line.interface for line in lines}:
            wrong = f"no NAT rule is applied on {name!r}"
            problems.add(
                COMMAND_LINE, "--interface", wrong, advice(name, [n for n in named if n], "interfaces")
            )
        if side not in SIDES:
            problems.add(
                COMMAND_LINE, f"--interface {name}", f"{side!r} is no side", "outside, inside or any"
            )
    sides = {**config.sides, **options.interfaces}
    open_names = [name for name in named if name not in sides]
    if len(named) == 1 and open_names:
        sides[named[0]] = "outside"
        first = next(line for line in lines if line.interface == named[0])
        what = f"{named[0]!r}, the only interface that NAT names," if named[0] else "NAT without an interface"
        config.note(Kind.INFERRED, first.place, f"{what} is taken as the outside [I]")
    if config.nat is None:
        return
    config.nat = [_with_side(line, sides, config) for line in lines]
    for name in open_names if len(named) > 1 else ():
        on_it = [line for line in lines if line.interface == name and not line.side and line.enabled]
        if on_it and config.nat_enabled:
            text = f"NAT rules {', '.join(str(line.id) for line in on_it)} are applied on {name!r}: say"
            text += f" --interface '{name}=outside' (or inside) or it stays unknown"
            config.note(Kind.UNKNOWN, on_it[0].place, text, _packets_on(name))


def _with_side(line: NatLine, sides: Mapping[str, str], config: EdgeConfig) -> NatLine:
    if line.side or line.interface in sides:
        return replace(line, side=line.side or sides[line.interface])
    group = _packets_on(line.interface)
    config.groups.setdefault(group, None)
    key = "source" if line.type == "dnat" else "destination"
    if getattr(line, key) != ANY:
        return replace(line, side="any", original=group, translated="unknown")
    return replace(line, side="any", source=(group,) if key == "source" else ANY,
                   destination=(group,) if key == "destination" else ANY)  # fmt: skip


def _packets_on(interface: str) -> str:
    return f"packets on {interface or 'an interface that is not named'}"


def _default(config: EdgeConfig, options: Options, problems: Problems) -> None:
    if options.default and options.default not in ("allow", "drop", "reject"):
        problems.add(COMMAND_LINE, "--default", f"{options.default!r} is no action", "allow, drop or reject")
    config.default = config.default or options.default
    if config.rules is not None and not config.default and config.firewall_place is not None:
        text = (
            "says nothing of packets that no rule matches: say --default drop (or allow) or it stays unknown"
        )
        config.note(Kind.UNKNOWN, config.firewall_place, text)


def _missing_halves(config: EdgeConfig) -> None:
    first = config.firewall_place or config.nat_place or COMMAND_LINE
    first = Place(first.file, 1)
    if config.rules is None:
        config.note(
            Kind.UNKNOWN,
            first,
            "holds no firewall: the rules of this edge stay unknown, or as the environment has them",
        )
    if config.nat is None:
        config.note(
            Kind.UNKNOWN,
            first,
            "holds no NAT: the translations of this edge stay unknown, or as the environment has them",
        )

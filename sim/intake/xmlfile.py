"""Reading an XML export: safely, with places.

Rules of this file: no entity is resolved, nothing is fetched, a document type is refused, sizes are limited.
What cannot be read is told with line and column. Namespaces are ignored: the exports' element names do not
collide.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from lxml import etree

from cxsim.sim.scenario.places import Place
from cxsim.sim.scenario.problems import Problems

MOST_BYTES = 16 * 2**20
MOST_ELEMENTS = 200_000
EXPORT = "give the export as the product wrote it"

Element = etree._Element


def parse(raw: bytes, file: str, problems: Problems) -> Element | None:
    """The root of an XML document; None when it cannot be read, which is then among the problems."""
    if len(raw) > MOST_BYTES:
        problems.add(
            Place(file, 1),
            "XML",
            f"is larger than {MOST_BYTES // 2**20} MiB",
            "is it the export of one edge?",
        )
        return None
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position if error.position else (1, 1)
        message = (error.msg or "is not XML").partition(", line ")[0]
        problems.add(Place(file, max(line, 1), max(column, 1)), "XML", message, EXPORT)
        return None
    except (ValueError, LookupError) as error:
        problems.add(Place(file, 1), "XML", str(error), EXPORT)
        return None
    info = root.getroottree().docinfo
    if info.internalDTD is not None or info.doctype:
        wrong = "has a document type (DTD), which no export of an edge has"
        problems.add(Place(file, _line_of_doctype(raw)), "XML", wrong, "remove it; entities are not resolved")
        return None
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        problems.add(
            Place(file, 1), "XML", f"has more than {MOST_ELEMENTS} elements", "is it the export of one edge?"
        )
        return None
    return root


def _line_of_doctype(raw: bytes) -> int:
    return raw[: max(raw.find(b"<!DOCTYPE"), 0)].count(b"\n") + 1


def tag(element: Element) -> str:
    """The local name."""
    name = element.tag
    return str(name).rpartition("}")[2] if isinstance(name, str) else ""


def place(element: Element, file: str) -> Place:
    """Where an element begins (lxml keeps no columns)."""
    return Place(file, cast("int | None", element.sourceline) or 1)


def children(element: Element | None, *names: str) -> Iterator[Element]:
    """The children with one of these local names, in order."""
    if element is not None:
        for child in element:
            if tag(child) in names:
                yield child


def child(element: Element | None, *names: str) -> Element | None:
    """The first child with one of these local names."""
    return next(children(element, *names), None)


def text(element: Element | None, *names: str) -> str | None:
    """The text of the first child with one of these names, stripped; None when there is none."""
    found = child(element, *names)
    return None if found is None else (found.text or "").strip()


def find(root: Element, *names: str) -> Element | None:
    """The element with one of these names: the root itself, or the first below it."""
    if tag(root) in names:
        return root
    return next((one for one in root.iter() if tag(one) in names), None)

"""Answers as one HTML page: the decision first, then charts, tables, assumptions and what was left out.

Rules of this file: the page asks the network for nothing, and its Content-Security-Policy forbids it; the
drawing library is in it once. Text from files is escaped wherever it goes. No clock and no chance: the same
answers give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from plotly.offline import get_plotlyjs

from cxsim.sim.plan.answers.figures import figure
from cxsim.sim.plan.answers.files import assumption_table, left_out, problems
from cxsim.sim.plan.answers.look import PRINTED_ROWS, SCRIPT, STYLE
from cxsim.sim.plan.answers.model import Answer, Chart, Column, Table, Tone, Value
from cxsim.sim.plan.answers.shown import SIGNS, shown

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
FEW, SHORT = 2, 2
"""Of more answers than a few the first page has so many sentences each; their own sections have all."""
LATER = ("repeat with", "code")
"""What of an answer's meta is not for the first page."""
MOST_ROWS = 2000
"""Rows of a table in the page; a browser gets slow with more, and the other files have all."""
BROAD = 7
"""A table of more columns than this is wider than the text where there is room."""
_TONES: tuple[Tone, ...] = ("good", "fair", "bad", "plain")


def page(answers: Sequence[Answer], title: str = "cxsim plan") -> str:
    """The HTML document."""
    figures: dict[str, object] = {}
    sections = [_section(answer, figures, len(answers) > FEW) for answer in answers]
    body = [_first_page(answers, title), *sections, _grounds(answers)]
    drawn = json.dumps(figures, ensure_ascii=False, allow_nan=False, sort_keys=True).replace("<", "\\u003c")
    scripts = ""
    if figures:
        library = get_plotlyjs().replace("</script", "<\\/script")
        data = f'<script type="application/json" id="figures">{drawn}</script>'
        scripts = f"<script>{library}</script>\n{data}\n<script>{SCRIPT}</script>\n"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<link rel="icon" href="data:,">\n<style>{STYLE}</style>\n</head>\n'
        f"<body>\n{''.join(body)}{scripts}</body>\n</html>\n"
    )


def _first_page(answers: Sequence[Answer], title: str) -> str:
    cards = []
    for answer in answers:
        most = len(answer.decision) if len(answers) <= FEW else SHORT
        lines = "".join(f"<li>{escape(line)}</li>" for line in answer.decision[:most])
        cards.append(
            f'<div class="card {answer.tone}"><p class="asked">{escape(answer.question)}</p>'
            f'<p class="verdict">{SIGNS[answer.tone]} {escape(answer.verdict)}</p><ul>{lines}</ul></div>\n'
        )
    links = "".join(f'<li><a href="#{_id(one.short)}">{escape(one.short)}</a></li>' for one in answers)
    more = '<li><a href="#grounds">what it rests on</a></li>'
    meta = dict.fromkeys(
        f"{name} {shown(value)}" for one in answers for name, value in one.meta.items() if name not in LATER
    )
    return (
        f"<header><h1>{escape(title)}</h1>\n"
        f'<p class="about">{escape("; ".join(meta))}</p></header>\n{"".join(cards)}'
        f"<nav><ul>{links}{more}</ul></nav>\n"
    )


def _section(answer: Answer, figures: dict[str, object], shortened: bool) -> str:
    parts = [f'<section class="page" id="{_id(answer.short)}"><h2>{escape(answer.question)}</h2>\n']
    if shortened:
        lines = "".join(f"<li>{escape(line)}</li>" for line in answer.decision)
        told = f'<p class="verdict">{SIGNS[answer.tone]} {escape(answer.verdict)}</p>'
        parts.append(f'<div class="card {answer.tone}">{told}<ul>{lines}</ul></div>\n')
    parts += [_chart(answer.short, chart, figures) for chart in answer.charts]
    parts += [_table(table) for table in answer.tables]
    return "".join([*parts, "</section>\n"])


def _id(*names: str) -> str:
    """Of an element, from names: letters, digits and dashes."""
    text = "-".join(names).lower()
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text)


def _chart(command: str, chart: Chart, figures: dict[str, object]) -> str:
    drawn, name = figure(chart), _id("chart", command, chart.name)
    if name in figures:
        raise ValueError(f"two charts are called {chart.name!r}")
    figures[name] = {"data": drawn.data, "layout": drawn.layout}
    said = " ".join(part for part in (chart.note, drawn.cut) if part)
    label = escape(f"{chart.title}. {said}")
    height = drawn.layout["height"]
    return (
        f'<figure><h3>{escape(chart.title)}</h3><div class="chart" id="{name}" role="img"'
        f' aria-label="{label}" style="min-height:{height}px">'
        "<noscript>Drawn where scripts may run; the tables hold the same.</noscript></div>"
        f"<figcaption>{escape(said)}</figcaption></figure>\n"
    )


def _table(table: Table) -> str:
    columns = [column for column in table.columns if column.key != table.tone_of]
    if not table.rows:
        note = escape(table.note or "Nothing.")
        return f'<h3>{escape(table.title)}</h3><p class="note">{note}</p>\n'
    head = "".join(f"<th{_class(column)}>{escape(column.title)}</th>" for column in columns)
    sign = '<th><span title="how it is to be taken"></span></th>' if table.tone_of else ""
    rows = []
    for row in table.rows[:MOST_ROWS]:
        tone = _tone(row.get(table.tone_of)) if table.tone_of else None
        cells = "".join(_cell(row.get(column.key), column) for column in columns)
        first = "" if tone is None else f'<td class="tone {tone}" title="{tone}">{SIGNS[tone]}</td>'
        rows.append(f"<tr>{first}{cells}</tr>\n")
    notes = [f'<p class="note">{escape(table.note)}</p>'] if table.note else []
    total = len(table.rows)
    if total > MOST_ROWS:
        notes.append(f'<p class="note">The first {MOST_ROWS:,} of {total:,} rows; the workbook has all.</p>')
    if total > PRINTED_ROWS:
        notes.append(
            f'<p class="note cut">The first {PRINTED_ROWS} of {total:,} rows; page and workbook have all.</p>'
        )
    broad = " broad" if len(columns) > BROAD else ""
    return (
        f'<h3>{escape(table.title)}</h3><div class="wide{broad}"><table><thead><tr>{sign}{head}</tr></thead>'
        f"<tbody>\n{''.join(rows)}</tbody></table></div>{''.join(notes)}\n"
    )


def _tone(value: Value) -> Tone:
    return next((tone for tone in _TONES if tone == value), "plain")


def _class(column: Column) -> str:
    return "" if column.kind in ("text", "instant") else ' class="n"'


def _cell(value: Value, column: Column) -> str:
    text = shown(value, column.kind)
    style = _class(column) or (' class="long"' if len(text) > 40 else ' class="short"')
    return f"<td{style}>{escape(text)}</td>"


def _grounds(answers: Sequence[Answer]) -> str:
    parts = [
        '<section class="page" id="grounds"><h2>What it rests on</h2>\n',
        _table(assumption_table(answers)),
    ]
    gone, wrong = left_out(answers), problems(answers)
    parts.append(_lines(f"VMs left out: {len(gone):,}", gone, "None: every VM of the inventory is covered."))
    parts.append(_lines(f"Problems of the files: {len(wrong):,}", wrong, "None."))
    repeat = dict.fromkeys(shown(one.meta["repeat with"]) for one in answers if "repeat with" in one.meta)
    parts += [f"<h3>Repeat with</h3><p><code>{escape(text)}</code></p>\n" for text in repeat]
    return "".join([*parts, "</section>\n"])


def _lines(title: str, lines: Sequence[str], none: str) -> str:
    if not lines:
        return f'<h3>{escape(title)}</h3><p class="note">{escape(none)}</p>\n'
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<h3>{escape(title)}</h3><ul class="lines">{items}</ul>\n'

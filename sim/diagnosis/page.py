"""Diagnoses as one HTML page that needs nothing else: no script, no request.

Rules of this file: markup only; the words are `wording`'s, the drawing is `drawing`'s. Everything that comes
from a file is escaped. A content security policy in the page forbids every request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from cxsim.sim.diagnosis.diagnosis import Diagnosis
from cxsim.sim.diagnosis.drawing import STYLES, drawing
from cxsim.sim.diagnosis.evidence import legend
from cxsim.sim.diagnosis.observation import Moment
from cxsim.sim.diagnosis.repairs import flow_id
from cxsim.sim.diagnosis.wording import (
    CauseText,
    Passage,
    cause_text,
    changed_flows,
    closing_lines,
    fault_lines,
    instant,
    tally,
    told_text,
)
from cxsim.sim.explain import FlowVerdict, Status
from cxsim.sim.explain.cause import ended

STYLE = """
:root { color-scheme: light }
body { font: 15px/1.5 system-ui, sans-serif; color: #1b1f23; background: #fff; max-width: 1240px;
  margin: 24px auto; padding: 0 20px }
h1 { font-size: 22px; margin: 0 0 4px } h2 { font-size: 18px; margin: 28px 0 8px }
h3 { font-size: 16px; margin: 20px 0 6px } p { margin: 4px 0 }
.quiet { color: #57606a } .verdict { font-weight: 600; white-space: nowrap }
table { border-collapse: collapse; width: 100%; font-size: 14px }
th, td { text-align: left; padding: 3px 10px 3px 0; border-bottom: 1px solid #e4e8ec; vertical-align: top }
td:nth-child(5) { min-width: 560px }
.cause { border-left: 4px solid #c62828; padding: 2px 0 2px 16px; margin: 20px 0 }
.cause.unknown { border-left-color: #6a1b9a }
pre { font: 12.5px/1.5 ui-monospace, monospace; background: #f6f8fa; padding: 10px 12px; margin: 8px 0;
  white-space: pre-wrap; overflow-wrap: anywhere; border-radius: 4px }
dl { display: grid; grid-template-columns: 190px 1fr; gap: 6px 16px; margin: 8px 0 }
dt { font-weight: 600 } dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere }
ul { margin: 4px 0; padding-left: 20px }
.drawing { width: 100%; height: auto; border: 1px solid #d0d7de; border-radius: 6px; margin: 8px 0 }
.drawing text { font: 12px system-ui, sans-serif; fill: #1b1f23 } .drawing .name { font-weight: 600 }
.drawing .small { font-size: 11px; fill: #57606a } .drawing .label { font-size: 11px }
.drawing .strong { font-weight: 700 } .drawing .paper { fill: #fff; opacity: .92 }
.drawing .site { fill: #f3f7fb; stroke: #8aa4bd } .drawing .provider { fill: #f7f5fb; stroke: #9a8fb8 }
.drawing .host { fill: #fff; stroke: #57606a } .drawing .edge { fill: #fff7e6; stroke: #a37b2c }
.drawing .tunnel { fill: #eaf3ea; stroke: #6b8f6b; stroke-dasharray: 2 3 }
.drawing .internet { fill: #fafbfc; stroke: #d0d7de; stroke-dasharray: 3 4 }
@media print { body { max-width: none } td:nth-child(5) { min-width: 560px }
.cause { break-inside: avoid } }
"""

_VERDICT_COLOURS = "".join(
    f".drawing .c-{status.value} {{ fill: {style.colour} }} .v-{status.value} {{ color: {style.colour} }}\n"
    for status, style in STYLES.items()
)

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(diagnoses: Sequence[Diagnosis]) -> str:
    """The page of one or several diagnoses."""
    title = diagnoses[0].subject.title if len(diagnoses) == 1 else f"{len(diagnoses)} explanations"
    body = [line for number, one in enumerate(diagnoses) for line in _diagnosis(one, f"s{number}")]
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}{_VERDICT_COLOURS}</style></head><body>",
            *body,
            "</body></html>\n",
        ]
    )


def _diagnosis(diagnosis: Diagnosis, prefix: str) -> Iterator[str]:
    subject, seen = diagnosis.subject, diagnosis.observation
    seed = "" if subject.scenario is None else f", seed {subject.scenario.seed}"
    yield f"<h1>{escape(subject.title)}</h1>"
    yield f'<p class="quiet">{escape(subject.name)}: {escape(subject.file)}{seed}</p>'
    yield from (f"<p>{escape(line)}</p>" for line in closing_lines(diagnosis))
    faults = list(fault_lines(diagnosis))
    if faults:
        yield f"<h2>Faults</h2><ul>{''.join(f'<li>{escape(fault)}</li>' for fault in faults)}</ul>"
    yield from (f"<p>{escape(warning)}</p>" for warning in seen.warnings)
    before: Moment | None = None
    for moment in seen.moments:
        yield f"<h2>Required flows {escape(instant(moment.when))}: {escape(tally(moment.verdicts))}</h2>"
        yield drawing(subject.environment, moment.verdicts, lambda v: _anchor(diagnosis, v, prefix))
        shown = moment.verdicts if before is None else changed_flows(before, moment)
        yield from _table(shown, "" if before is None else "different from before:")
        before = moment
    texts = [cause_text(explained, diagnosis) for explained in diagnosis.explained]
    texts += [told_text(told) for told in diagnosis.told]
    for number, text in enumerate(texts, 1):
        yield from _cause(text, number, len(texts), prefix)
    used = [f"[{v.row.grade}]" for v in seen.moments[0].verdicts] + [str(text) for text in texts]
    grades = "".join(f"<li>{escape(line)}</li>" for line in legend(used))
    yield f"<h2>Evidence</h2><ul>{grades}</ul>"


def _anchor(diagnosis: Diagnosis, verdict: FlowVerdict, prefix: str) -> str | None:
    for number, explained in enumerate(diagnosis.explained, 1):
        if verdict.status is not Status.PASS and flow_id(verdict) in explained.found.flows:
            return f"{prefix}-cause-{number}"
    return None


def _table(verdicts: Sequence[FlowVerdict], caption: str) -> Iterator[str]:
    if caption:
        yield f"<p>{escape(caption)}</p>"
    yield "<table><tr><th>verdict<th>row<th>grade<th>needed for<th>flow<th></tr>"
    for v in verdicts:
        note = f"{ended(v)}{f'; {v.row.note}' if v.row.note else ''}" if v.status is not Status.PASS else ""
        yield (
            f'<tr><td class="verdict v-{v.status.value}">{v.status.value}<td>{escape(v.row.row)}'
            f"<td>[{escape(v.row.grade)}]<td>{escape(v.row.phase.value)}<td>{escape(v.flow)}"
            f"<td>{escape(note)}</tr>"
        )
    yield "</table>"


def _cause(text: CauseText, number: int, total: int, prefix: str) -> Iterator[str]:
    unknown = "" if text.head.startswith("FAILED") else " unknown"
    yield f'<section class="cause{unknown}" id="{prefix}-cause-{number}">'
    yield f"<h2>Cause {number} of {total}: {escape(text.head)}</h2>"
    yield from (f"<p>{escape(flow)}</p>" for flow in text.flows)
    if text.trace:
        yield f"<pre>{escape(chr(10).join(text.trace))}</pre>"
    yield f"<dl>{''.join(map(_passage, text.passages))}</dl></section>"


def _passage(passage: Passage) -> str:
    return f"<dt>{escape(passage.label)}</dt><dd>{escape(chr(10).join(passage.lines))}</dd>"

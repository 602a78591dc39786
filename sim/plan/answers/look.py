"""The report's style sheet and script.

Rules of this file: no address of anything, so that the page is whole without a network; the column is as wide
as the print area of A4, so that charts look on paper as they do on the screen; nothing is told by colour
alone.
"""

from __future__ import annotations

STYLE = """
:root { color-scheme: light; --ink: #1a1a1a; --soft: #555; --rule: #c9c9c9; --good: #00664b; --fair: #7a5b00;
  --bad: #a63d00; --plain: #333; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 742px; padding: 0 12px 48px; background: #fff; color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.55rem; line-height: 1.25; margin: 1.4rem 0 .2rem; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.4rem 0 .6rem; border-bottom: 2px solid var(--ink); }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .3rem; }
p { margin: .4rem 0; }
.about, figcaption, .note { color: var(--soft); font-size: .87rem; }
nav ul { columns: 2; padding-left: 1.2rem; margin: .4rem 0; font-size: .9rem; }
a { color: #0057a3; }
.card { border: 1px solid var(--rule); border-left: 8px solid var(--tone); padding: .5rem .9rem .6rem;
  margin: .9rem 0; break-inside: avoid; }
.card .asked { color: var(--soft); font-size: .9rem; margin: 0; }
.card .verdict { font-size: 1.2rem; line-height: 1.35; font-weight: 650; color: var(--tone);
  margin: .1rem 0 .3rem; }
.card ul { margin: .2rem 0 0; padding-left: 1.2rem; }
.good { --tone: var(--good); } .fair { --tone: var(--fair); } .bad { --tone: var(--bad); }
.plain { --tone: var(--plain); }
figure { margin: 1rem 0 1.4rem; break-inside: avoid; }
.chart { width: 100%; max-width: 718px; }
.wide { overflow-x: auto; max-height: 34rem; overflow-y: auto; border-bottom: 1px solid var(--rule); }
table { border-collapse: collapse; font-size: .84rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .55rem .25rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #e4e4e4; }
th { position: sticky; top: 0; background: #fff; border-bottom: 2px solid var(--rule);
  vertical-align: bottom; }
td.n, th.n { text-align: right; } td.n, td.short { white-space: nowrap; }
td.tone { color: var(--tone); font-weight: 700; }
td.long { min-width: 13rem; }
code { font-size: .82rem; }
.cut { display: none; }
ul.lines { font-size: .88rem; padding-left: 1.2rem; }
@media (min-width: 1180px) { .wide.broad { margin-left: -200px; margin-right: -200px; } }
@media (max-width: 560px) { body { font-size: 14px; } nav ul { columns: 1; } .card { padding: .4rem .6rem; } }
@media print {
  @page { size: A4; margin: 12mm 10mm; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  nav { display: none; }
  .page { break-before: page; }
  .wide, .wide.broad { overflow: visible; max-height: none; margin: 0; }
  table { font-size: 7.6pt; max-width: 100%; }
  th { position: static; } thead { display: table-header-group; } tr { break-inside: avoid; }
  td.n, td.short { white-space: normal; } td.long { min-width: 0; }
  tbody tr:nth-child(n+41) { display: none; }
  .cut { display: block; }
  h2, h3 { break-after: avoid; }
  .card, .good, .fair, .bad { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .modebar-container { display: none !important; }
}
"""
PRINTED_ROWS = 40
"""As in the style sheet: rows of a table on paper."""

SCRIPT = """
const figures = JSON.parse(document.getElementById("figures").textContent);
for (const [id, figure] of Object.entries(figures)) {
  Plotly.newPlot(id, figure.data, figure.layout,
    {responsive: true, displaylogo: false, displayModeBar: false, locale: "en-US"});
}
// Paper is 190 mm wide between its margins, however narrow the window is.
addEventListener("beforeprint", () => {
  for (const id of Object.keys(figures)) Plotly.relayout(id, {autosize: false, width: 710});
});
addEventListener("afterprint", () => {
  for (const id of Object.keys(figures)) Plotly.relayout(id, {autosize: true, width: undefined});
});
"""

"""The report: one HTML page with tables, plots and the worst errors; it needs nothing but itself."""

from collections.abc import Iterable
from html import escape
from typing import Final

import numpy as np

from analytics.evaluation.beats import get_qrs
from analytics.evaluation.heart_rate import get_error
from analytics.evaluation.outcome import Outcome
from analytics.evaluation.roc import Roc, get_af_roc, get_vf_roc
from analytics.evaluation.strips import choose_strips, draw_strip
from analytics.evaluation.svg import Plot
from analytics.evaluation.table import Table
from analytics.evaluation.tables import make_record_table, make_tables

_STRIPS: Final = 12
_STYLE: Final = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --band: #f6f8fa;
  --signal: #1b1f24; --annotated: #0b57a4; --found: #116329; --wrong: #c4162a; }
@media (prefers-color-scheme: dark) { :root { --paper: #0f1419; --ink: #e6edf3; --soft: #9aa4af; --line: #343c46;
  --band: #171d24; --signal: #e6edf3; --annotated: #7cb7ff; --found: #62d08b; --wrong: #ff7b84; } }
body { margin: 0 auto; max-width: 78rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
p { margin: .3rem 0; } .soft, figcaption, caption small { color: var(--soft); }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; list-style: none; }
a { color: var(--annotated); }
.wide { overflow-x: auto; margin: 1.2rem 0; } .wide:focus-visible { outline: 2px solid var(--annotated); }
table { border-collapse: collapse; min-width: 22rem; font-variant-numeric: tabular-nums; font-size: .88rem; }
caption { text-align: left; font-weight: 600; font-size: 1rem; padding-bottom: .4rem; }
caption small { display: block; font-weight: 400; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line); }
thead th { vertical-align: bottom; background: var(--band); font-weight: 600; max-width: 8rem; }
tbody th, thead th:first-child { text-align: left; white-space: nowrap; }
tr.total > * { background: var(--band); font-weight: 600; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 34rem), 1fr)); gap: 1.5rem; }
figure { margin: 0; } figcaption { font-size: .88rem; } svg { width: 100%; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
.frame { fill: none; stroke: var(--line); } .grid { stroke: var(--line); stroke-opacity: .5; }
svg .tick, svg .note { fill: var(--soft); } .line { fill: none; stroke-width: 1.3; }
.line.signal { stroke: var(--signal); } .line.annotated { stroke: var(--annotated); }
.line.found { stroke: var(--found); } .line.wrong { stroke: var(--wrong); stroke-dasharray: 5 4; }
circle.annotated { fill: var(--annotated); } circle.found { fill: var(--found); }
.faint { fill: var(--annotated); fill-opacity: .35; }
svg text.annotated { fill: var(--annotated); } svg text.found { fill: var(--found); }
svg text.wrong { fill: var(--wrong); font-weight: 700; text-decoration: underline; }
"""


def make_report(outcome: Outcome, engine_version: str) -> str:
    """Return the page."""
    plots = [plot for plot in (_draw_rates(outcome), *_draw_rocs(outcome), _draw_noise(outcome)) if plot is not None]
    strips = _draw_strips(outcome)
    sections = [("tables", "Tables", "".join(_draw_table(table) for table in make_tables(outcome)))]
    if plots:
        sections.append(("plots", "Plots", _join_figures(plots)))
    if strips:
        sections.append(("strips", "The worst errors", f"{_STRIPS_LEGEND}{_join_figures(strips)}"))
    sections.append(("records", "What was analysed", _draw_table(make_record_table(outcome))))
    title = f"heartwire on {outcome.database}"
    hours = sum(each.record.seconds for each in outcome.analysed) / 3600
    return "".join(
        [
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><header>",
            f"<h1>{escape(title)}</h1>",
            f'<p class="soft">Engine {escape(engine_version)}, {_say_records(len(outcome.analysed))}, ',
            f"{hours:.1f} hours of ECG. Every record is streamed in one-second frames, as a device sends them.</p>",
            '<nav aria-label="Contents"><ul>',
            *(f'<li><a href="#{anchor}">{escape(name)}</a></li>' for anchor, name, _ in sections),
            "</ul></nav></header><main>",
            *(
                f'<section id="{anchor}" aria-label="{escape(name)}"><h2>{escape(name)}</h2>{body}</section>'
                for anchor, name, body in sections
            ),
            "</main></body></html>\n",
        ]
    )


_STRIPS_LEGEND: Final = (
    '<p class="soft">Upper row of letters: annotated; lower row: found. Red, underlined: missed, false, or of another'
    " class. A dashed line is an alarm raised.</p>"
)


def _say_records(number: int) -> str:
    return f"{number} record{'' if number == 1 else 's'}"


def _draw_table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    rows = "".join(
        f"<tr{_get_class(row[0])}>"
        f'<th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in table.rows
    )
    caption = f"<caption>{escape(table.caption)}<small>{escape(table.note)}</small></caption>"
    label = escape(table.caption)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{label}"><table>{caption}'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _get_class(name: str) -> str:
    return ' class="total"' if name in {"Gross", "Average", "All"} else ""


def _join_figures(drawings: Iterable[tuple[str, str]]) -> str:
    figures = "".join(
        f"<figure>{drawing}<figcaption>{escape(caption)}</figcaption></figure>" for drawing, caption in drawings
    )
    return f'<div class="figures">{figures}</div>'


def _draw_rates(outcome: Outcome) -> tuple[str, str] | None:
    """Draw heart rates as Bland and Altman do (doi:10.1016/S0140-6736(86)90837-8)."""
    rates = outcome.gross.rates
    error = get_error(rates)
    if error is None:
        return None
    cells = np.unique(np.rint(2 * np.stack([rates.mean(axis=1), rates[:, 1] - rates[:, 0]], axis=1)) / 2, axis=0)
    low, high = error.mean_bpm - 1.96 * error.sd_bpm, error.mean_bpm + 1.96 * error.sd_bpm
    reach = float(max(5.0, np.abs(cells[:, 1]).max())) * 1.08
    summary = (
        f"Mean difference {error.mean_bpm:+.2f} a minute, 95 % of differences from {low:+.2f} to {high:+.2f},"
        f" {error.seconds} seconds."
    )
    plot = Plot(
        "Heart rate: difference against mean (Bland-Altman)",
        summary,
        (float(cells[:, 0].min()) - 5, float(cells[:, 0].max()) + 5),
        (-reach, reach),
        "Mean of annotated and found rate, 1/min",
        "Found less annotated, 1/min",
    )
    plot.add_points(cells[:, 0], cells[:, 1], "faint", 2.0)
    plot.add_level(error.mean_bpm, "", "found")
    plot.add_level(low, "-1.96 SD", "wrong", below=True)
    plot.add_level(high, "+1.96 SD", "wrong")
    return plot.draw(), f"Heart rate, difference against mean (Bland-Altman), points at half beats. {summary}"


def _draw_rocs(outcome: Outcome) -> list[tuple[str, str] | None]:
    return [
        _draw_roc(get_af_roc(outcome), "Atrial fibrillation by record: the part of the record it covers decides"),
        _draw_roc(get_vf_roc(outcome), "Ventricular fibrillation by second: the alarm's confidence decides"),
    ]


def _draw_roc(roc: Roc | None, title: str) -> tuple[str, str] | None:
    if roc is None:
        return None
    summary = f"Area under the curve {roc.area:.3f}."
    plot = Plot(title, summary, (0, 100), (0, 100), "100 - specificity, %", "Sensitivity, %", height=420)
    plot.add_line(np.array([0.0, 100.0]), np.array([0.0, 100.0]), "wrong")
    plot.add_line(100 - roc.sp_percent, roc.se_percent, "annotated")
    plot.add_points(100 - roc.sp_percent, roc.se_percent, "annotated", 2.0)
    return plot.draw(), f"{title}. {summary}"


def _draw_noise(outcome: Outcome) -> tuple[str, str] | None:
    counts = [(each.snr_db, get_qrs(each.noisy)) for each in sorted(outcome.noise, key=lambda each: each.snr_db)]
    if not counts:
        return None
    snr_db = np.array([each for each, _ in counts])
    se, ppv, f1 = (
        np.array([np.nan if (value := getattr(each, name)) is None else value for _, each in counts], np.float64)
        for name in ("se_percent", "ppv_percent", "f1_percent")
    )
    lowest = float(np.nanmin(np.concatenate([se, ppv])))
    summary = " ".join(f"{at:g} dB: F1 {value:.2f} %." for at, value in zip(snr_db.tolist(), f1.tolist(), strict=True))
    plot = Plot(
        f"QRS detection in noise ({outcome.noise_name})",
        summary,
        (float(snr_db.min()) - 1, float(snr_db.max()) + 1),
        (np.floor(lowest / 5) * 5 - 1, 101),
        "Signal-to-noise ratio, dB",
        "%",
    )
    for values, name, style in ((se, "Se", "annotated"), (ppv, "+P", "found"), (f1, "F1", "signal")):
        plot.add_line(snr_db, values, style)
        plot.add_text(float(snr_db[0]), float(values[0]), name, style, "end")
    return plot.draw(), f"QRS detection in the noisy stretches, noise {outcome.noise_name}. {summary}"


def _draw_strips(outcome: Outcome) -> list[tuple[str, str]]:
    strips = [(strip, draw_strip(outcome, strip)) for strip in choose_strips(outcome, _STRIPS)]
    return [
        (drawing, f"Record {strip.record}, {strip.begin_s:.0f} s: {strip.why}")
        for strip, drawing in strips
        if drawing is not None
    ]

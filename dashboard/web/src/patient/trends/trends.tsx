// What heart and devices did over hours or weeks, in panels of one time axis, and the same as a table.

import { useMemo } from "preact/hooks";
import { getStored, getTrends, getVariability } from "../../api/patients";
import { dayAndTime, decimal, percent } from "../../words/numbers";
import { plural, words, wordsOfError } from "../../words/words";
import { useLoaded } from "../loaded";
import { bucketFor, burden, type Columns, columnsOf } from "./columns";
import { Plot } from "./plot";

interface Props {
  patientId: number;
  /** The window that the heart rate shows, too. */
  hours: number;
  toUs: number;
  again: string;
  onChoose: (tUs: number) => void;
}

/** Rows of the table; what is longer is told in longer steps. */
const ROWS_MOST = 200;

export function Trends({ patientId, hours, toUs, again, onChoose }: Props) {
  const bucketS = bucketFor(hours);
  const untilUs = Math.ceil(toUs / 1e6 / bucketS) * bucketS * 1e6;
  const fromUs = untilUs - hours * 3600e6;
  const loaded = useLoaded(`${patientId} ${fromUs} ${untilUs} ${again}`, async (abort) => {
    const [trends, stored, variability] = await Promise.all([
      getTrends(patientId, fromUs, untilUs, bucketS, abort),
      getStored(patientId, fromUs, untilUs, bucketS, abort),
      getVariability(patientId, fromUs - 3600e6, untilUs, abort),
    ]);
    return { trends, columns: columnsOf(trends, stored, variability) };
  });
  const { value, problem } = loaded.value;
  return (
    <section class="panel trends" aria-labelledby="trends-title">
      <header class="panel-head">
        <h2 id="trends-title">{words("trends.title")}</h2>
        <span class="panel-note">{problem === null ? "" : wordsOfError(problem)}</span>
        {value !== null && <Facts columns={value.columns} corrected={value.trends.corrected} />}
      </header>
      {value === null && problem === null && <p class="nothing">{words("strip.loading")}</p>}
      {value !== null && <Panels columns={value.columns} onChoose={onChoose} />}
      {value !== null && <Table columns={value.columns} />}
    </section>
  );
}

function Facts({ columns, corrected }: { columns: Columns; corrected: number }) {
  const share = burden(columns);
  const said = [
    ...(share === null ? [] : [words("trends.burden", { share: percent(share * 100) })]),
    ...(corrected === 0 ? [] : [plural("trends.corrected", corrected)]),
  ];
  return <span class="panel-note">{said.join(" · ")}</span>;
}

function Panels({ columns, onChoose }: { columns: Columns; onChoose: (tUs: number) => void }) {
  const panels = useMemo(
    () => [
      {
        title: words("trends.ectopy"),
        lines: [
          { name: words("trends.ventricular"), values: columns.ventricular, colour: "--ink" },
          {
            name: words("trends.supraventricular"),
            values: columns.supraventricular,
            colour: "--trace",
            isDashed: true,
          },
        ],
      },
      {
        title: words("trends.fibrillation"),
        most: 100,
        lines: [{ name: words("trends.fibrillation"), values: columns.fibrillation, colour: "--ink" }],
      },
      {
        title: words("trends.variability"),
        lines: [
          { name: words("trends.sdnn"), values: columns.sdnnMs, colour: "--ink" },
          { name: words("trends.rmssd"), values: columns.rmssdMs, colour: "--trace", isDashed: true },
        ],
      },
      {
        title: words("trends.devices"),
        most: 105,
        lines: [
          { name: words("trends.coverage"), values: columns.coverage, colour: "--ink" },
          { name: words("trends.battery"), values: columns.battery, colour: "--trace", isDashed: true },
        ],
      },
    ],
    [columns],
  );
  return (
    <div class="trend-panels">
      {panels.map((panel) => (
        <Plot key={panel.title} timeS={columns.timeS} onChoose={onChoose} {...panel} />
      ))}
    </div>
  );
}

/** The same numbers to be read, by keyboard and screen reader, too. */
function Table({ columns }: { columns: Columns }) {
  const names = [
    words("trends.time"),
    words("trends.ventricular"),
    words("trends.supraventricular"),
    words("trends.fibrillation"),
    words("trends.sdnn"),
    words("trends.rmssd"),
    words("trends.coverage"),
    words("trends.battery"),
  ];
  const { ventricular, supraventricular, fibrillation, sdnnMs, rmssdMs, coverage, battery } = columns;
  const values = [ventricular, supraventricular, fibrillation, sdnnMs, rmssdMs, coverage, battery];
  const last = columns.timeS.length - 1;
  const rows = Array.from({ length: Math.min(ROWS_MOST, columns.timeS.length) }, (_, i) => last - i);
  return (
    <details class="trend-table">
      <summary>{words("trends.table")}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1) */}
      <section class="scrolled" tabIndex={0} aria-label={words("trends.table")}>
        <table>
          <thead>
            <tr>
              {names.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((i) => (
              <tr key={i}>
                <th scope="row">{dayAndTime((columns.timeS[i] ?? 0) * 1e6)}</th>
                {values.map((column, k) => (
                  <td key={names[k + 1]}>{numberOf(column[i] ?? null)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}

const numberOf = (value: number | null): string => (value === null ? "–" : decimal(value));

// How tiring the alarms are: by call, patient and shift, how many meant something, and which limits ring for nothing.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { SubPage } from "../parts/sub_page";
import { useLoaded } from "../patient/loaded";
import { RehearsalDialog } from "../rehearsal/rehearsal_dialog";
import { patientPath } from "../router";
import { user } from "../session";
import { type AlarmNumbers, falsePart, getNumbers, type LimitNumbers, type Reviewed } from "../statistics/statistics";
import { dayAndTime, NO_VALUE, percent, span } from "../words/numbers";
import { quantity } from "../words/quantities";
import { callName, plural, words, wordsOfError } from "../words/words";
import { usable } from "../words/zone";

const DAYS = [1, 3, 7, 31] as const;

export function StatisticsPage() {
  return (
    <SubPage back="/ward" backWords={words("patient.back")} class="statistics">
      <Statistics />
    </SubPage>
  );
}

function Statistics() {
  const days = useSignal(7);
  const ward = useSignal("");
  const loaded = useLoaded(`${days.value} ${ward.value}`, (abort) => getNumbers(days.value, ward.value, abort));
  const { value, problem, busy } = loaded.value;
  return (
    <>
      <header class="panel-head">
        <h1>{words("statistics.title")}</h1>
        <span class="spacer" />
        <Choice
          label={words("statistics.days")}
          value={String(days.value)}
          options={DAYS.map((n) => [String(n), plural("report.days", n)])}
          onChoose={(chosen) => {
            days.value = Number(chosen);
          }}
        />
        <Choice
          label={words("statistics.ward")}
          value={ward.value}
          options={[["", words("statistics.all_wards")], ...(value?.wards ?? []).map((name) => [name, name] as const)]}
          onChoose={(chosen) => {
            ward.value = chosen;
          }}
        />
      </header>
      <p class="problem" role="alert">
        {problem === null ? "" : wordsOfError(problem)}
      </p>
      {value === null && problem === null && <p class="panel">{words("statistics.loading")}</p>}
      {value !== null && (
        <div aria-busy={busy}>
          <p class="nothing" role="status">
            {plural("statistics.sum", value.n, {
              from: dayAndTime(value.from_us, usable(value.zone)),
              to: dayAndTime(value.to_us, usable(value.zone)),
            })}
          </p>
          {value.n > 0 && <Numbers numbers={value} />}
        </div>
      )}
    </>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChoose: (value: string) => void;
}

function Choice({ label, value, options, onChoose }: ChoiceProps) {
  return (
    <label class="instant">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function Numbers({ numbers }: { numbers: AlarmNumbers }) {
  return (
    <>
      <Limits limits={numbers.limits} />
      <Table
        title={words("statistics.by_call")}
        heads={[
          words("statistics.call"),
          words("statistics.n"),
          ...reviewHeads(),
          words("statistics.acknowledged"),
          words("statistics.median"),
        ]}
        rows={numbers.calls.map((call) => [
          callName(call.call),
          call.n,
          ...reviewed(call),
          percent(Math.round((100 * call.n_acknowledged) / call.n)),
          call.median_s === null ? NO_VALUE : span(call.median_s),
        ])}
      />
      <Table
        title={words("statistics.by_patient")}
        heads={[words("statistics.patient"), words("statistics.n"), ...reviewHeads(), words("statistics.most")]}
        rows={numbers.patients.map((patient) => [
          <a key={patient.patient_id} href={patientPath(patient.patient_id)}>
            {patient.name}
          </a>,
          patient.n,
          ...reviewed(patient),
          callName(patient.most),
        ])}
      />
      <Table
        title={words("statistics.by_shift")}
        note={words("statistics.shift_note")}
        heads={[
          words("statistics.shift"),
          words("priority.high"),
          words("priority.medium"),
          words("priority.low"),
          ...reviewHeads(),
        ]}
        rows={numbers.shifts.map((shift) => [
          words(`statistics.${shift.shift}`),
          shift.high,
          shift.medium,
          shift.low,
          ...reviewed(shift),
        ])}
      />
    </>
  );
}

const reviewHeads = () => [words("statistics.true"), words("statistics.false"), words("statistics.false_part")];

function reviewed(of: Reviewed): ComponentChildren[] {
  const part = falsePart(of);
  return [of.n_true, of.n_false, part === null ? NO_VALUE : percent(Math.round(100 * part))];
}

interface TableProps {
  title: string;
  note?: string;
  heads: readonly string[];
  rows: readonly ComponentChildren[][];
}

function Table({ title, note, heads, rows }: TableProps) {
  return (
    <div class="panel">
      <header class="panel-head">
        <h2>{title}</h2>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls on narrow screens, by keyboard too */}
      <section class="table-frame" tabIndex={0} aria-label={title}>
        <table class="numbers">
          <thead>
            <tr>
              {heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([first, ...cells], row) => (
              <tr key={row}>
                <th scope="row">{first}</th>
                {cells.map((cell, column) => (
                  <td key={heads[column + 1]}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {note && <p class="nothing">{note}</p>}
    </div>
  );
}

/** The ten limits that rang most, and what might be done about each. */
function Limits({ limits }: { limits: readonly LimitNumbers[] }) {
  const tried = useSignal<LimitNumbers | null>(null);
  const maySet = user.value?.permissions.includes("set_limits") === true;
  return (
    <section class="panel" aria-labelledby="worst-title">
      <header class="panel-head">
        <h2 id="worst-title">{words("statistics.worst")}</h2>
      </header>
      {limits.length === 0 && <p class="nothing">{words("statistics.no_worst")}</p>}
      <ol class="reports worst">
        {limits.map((limit) => (
          <li key={`${limit.patient_id} ${limit.call}`}>
            <p>
              <a href={patientPath(limit.patient_id)}>{limit.patient}</a>{" "}
              {words("statistics.rang", {
                call: callName(limit.call),
                value: quantity(limit.value, limit.unit),
                n: limit.n,
                n_true: limit.n_true,
                n_false: limit.n_false,
              })}
            </p>
            <p>{suggestionOf(limit)}</p>
            {maySet && (
              <button
                type="button"
                class="button"
                onClick={() => {
                  tried.value = limit;
                }}
              >
                {limit.suggestion === null
                  ? words("rehearsal.open")
                  : words("statistics.try", { value: quantity(limit.suggestion.value, limit.unit) })}
                <span class="visually-hidden">{` ${limit.patient}, ${callName(limit.call)}`}</span>
              </button>
            )}
          </li>
        ))}
      </ol>
      {tried.value !== null && (
        <RehearsalDialog
          patientId={tried.value.patient_id}
          initial={{ [tried.value.call]: { [tried.value.name]: tried.value.suggestion?.value ?? tried.value.value } }}
          onClose={() => {
            tried.value = null;
          }}
        />
      )}
    </section>
  );
}

function suggestionOf({ suggestion, n, n_true, n_false, unit }: LimitNumbers): string {
  if (suggestion !== null) {
    const { value, silences, of, still_true } = suggestion;
    const given = { value: quantity(value, unit), silences, of };
    return still_true > 0
      ? words("statistics.suggest_true", { ...given, still_true })
      : words("statistics.suggest", given);
  }
  return words(n_true + n_false < Math.min(3, n) ? "statistics.review_first" : "statistics.no_suggestion");
}

// What a rehearsal came to: in a sentence, by call, and alarm by alarm with its strip.

import { useSignal } from "@preact/signals";
import { StillStrip } from "../review/still_strip";
import { zoneOfPatient } from "../ward/zones";
import { dayAndTime, span } from "../words/numbers";
import { callName, calls, plural, words } from "../words/words";
import { isLost, type ListedAlarm, type Outcome, sumOf } from "./rehearsal";

/** Around the onset, microseconds. */
const BEFORE_US = 4e6;
const AFTER_US = 8e6;
/** Alarms of each kind that are shown at first. */
const FIRST = 8;

export function Result({ patientId, outcome }: { patientId: number; outcome: Outcome }) {
  const { now, saved, added, lost, notRepeated } = sumOf(outcome);
  const rows = outcome.calls.filter((call) => call.saved + call.added + call.rang > 0);
  return (
    <div class="rehearsal-result">
      <p class="rehearsal-sum" data-lost={lost > 0}>
        <strong>{words("rehearsal.sum", { saved, now, added })}</strong>{" "}
        {lost > 0 ? plural("rehearsal.lost", lost) : words("rehearsal.nothing_lost")}
      </p>
      <p class="nothing">
        {words("rehearsal.signal", { length: span(outcome.signal_us / 1e6), engine: outcome.engine })}
        {notRepeated > 0 && ` ${plural("rehearsal.not_repeated", notRepeated)}`}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls on narrow screens, by keyboard too */}
      <section class="table-frame" tabIndex={0} aria-label={words("rehearsal.table")}>
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">{words("rehearsal.call")}</th>
              <th scope="col">{words("rehearsal.now")}</th>
              <th scope="col">{words("rehearsal.tried")}</th>
              <th scope="col">{words("rehearsal.saved")}</th>
              <th scope="col">{words("rehearsal.saved_false")}</th>
              <th scope="col">{words("rehearsal.saved_true")}</th>
              <th scope="col">{words("rehearsal.added")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((call) => (
              <tr key={call.call}>
                <th scope="row">{callName(call.call)}</th>
                <td>{call.now}</td>
                <td>{call.tried}</td>
                <td>{call.saved}</td>
                <td>{call.saved_false}</td>
                <td data-lost={call.lost > 0}>{call.saved_true}</td>
                <td>{call.added}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <Listed patientId={patientId} title={plural("rehearsal.saved_list", saved)} alarms={outcome.saved} />
      <Listed patientId={patientId} title={plural("rehearsal.added_list", added)} alarms={outcome.added} />
    </div>
  );
}

interface ListedProps {
  patientId: number;
  title: string;
  alarms: readonly ListedAlarm[];
}

function Listed({ patientId, title, alarms }: ListedProps) {
  const limit = useSignal(FIRST);
  const open = useSignal<string | null>(null);
  if (alarms.length === 0) return null;
  const timeOf = (alarm: ListedAlarm) => dayAndTime(alarm.onset_us, zoneOfPatient(patientId));
  return (
    <section>
      <h3>{title}</h3>
      <ol class="reports">
        {alarms.slice(0, limit.value).map((alarm) => {
          const key = `${alarm.device_id} ${alarm.call} ${alarm.onset_us}`;
          return (
            <li key={key} data-lost={isLost(alarm)}>
              <button
                type="button"
                class="button"
                aria-expanded={open.value === key}
                onClick={() => {
                  open.value = open.value === key ? null : key;
                }}
              >
                {`${callName(alarm.call)} · ${timeOf(alarm)}`}
              </button>
              <span class="nothing">{saidOf(alarm)}</span>
              {open.value === key && (
                <StillStrip
                  patientId={patientId}
                  fromUs={alarm.onset_us - BEFORE_US}
                  toUs={alarm.onset_us + AFTER_US}
                  mark={{
                    atUs: alarm.onset_us,
                    priority: calls.value.get(alarm.call)?.priority ?? "low",
                    words: callName(alarm.call),
                  }}
                  label={words("rehearsal.strip", { call: callName(alarm.call), time: timeOf(alarm) })}
                />
              )}
            </li>
          );
        })}
      </ol>
      {alarms.length > limit.value && (
        <button
          type="button"
          class="button wide"
          onClick={() => {
            limit.value = alarms.length;
          }}
        >
          {words("rehearsal.more", { n: alarms.length - limit.value })}
        </button>
      )}
    </section>
  );
}

function saidOf(alarm: ListedAlarm): string {
  const said: string[] = [];
  if (alarm.end_us !== null) said.push(span((alarm.end_us - alarm.onset_us) / 1e6));
  said.push(words(alarm.verdict === null ? "verdict.none" : `verdict.${alarm.verdict}`));
  if (alarm.note) said.push(alarm.note);
  if (isLost(alarm)) said.push(words("rehearsal.is_lost"));
  else if (alarm.still !== null) said.push(words("rehearsal.still", { call: callName(alarm.still) }));
  return said.join(" · ");
}

// New alarms, said to screen readers: high ones at once, others when there is time.

import { effect, signal } from "@preact/signals";
import type { Alarm } from "../api/types";
import { isUnanswered } from "../ward/order";
import { everyone, systemAlarms, ward } from "../ward/ward";
import { plural, words } from "../words/words";
import { alarmWords } from "./alarm_bar";

const urgent = signal("");
const other = signal("");
let known: Set<string> | null = null;

/** A symptom is said again when the patient adds to it; a message more is not worth a word more. */
const sayingOf = ({ id, priority, additions }: Alarm) => (priority === "low" ? `${id}` : `${id} ${additions}`);

function sentence(alarm: Alarm): string {
  const patient = everyone.value.find(({ patient: { id } }) => id === alarm.patient_id)?.patient;
  const name = patient?.name ?? words("system.name");
  return words("announce.alarm", { priority: words(`priority.${alarm.priority}`), call: alarmWords(alarm), name });
}

function announce(): void {
  if (ward.value === null) {
    known = null;
    return;
  }
  const open = [...systemAlarms.value, ...everyone.value.flatMap(({ alarms }) => alarms)].filter(isUnanswered);
  const before = known;
  known = new Set(open.map(sayingOf));
  if (before === null) {
    if (open.length > 0) other.value = plural("announce.open", open.length);
    return;
  }
  const fresh = open.filter((alarm) => !before.has(sayingOf(alarm)));
  const high = fresh.filter(({ priority, late }) => priority === "high" && !late);
  const rest = fresh.filter((alarm) => !high.includes(alarm));
  if (high.length > 0) urgent.value = high.map(sentence).join(". ");
  if (rest.length > 0) other.value = rest.map(sentence).join(". ");
}

/** Begin to listen for new alarms; call once. */
export function beginAnnouncing(): void {
  effect(announce);
}

export function Announcer() {
  return (
    <>
      <div class="visually-hidden" role="alert" aria-live="assertive">
        {urgent.value}
      </div>
      <div class="visually-hidden" role="status" aria-live="polite">
        {other.value}
      </div>
    </>
  );
}

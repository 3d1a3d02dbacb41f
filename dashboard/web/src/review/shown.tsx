// One alarm that waits: whose, what, and its strip; the next one's strip is fetched meanwhile.

import { useEffect } from "preact/hooks";
import { PriorityIcon } from "../parts/icons";
import { loadStrip } from "../patient/strip";
import { zoneOfPatient } from "../ward/zones";
import { dayAndTime, decimal, percent, span } from "../words/numbers";
import { measured } from "../words/quantities";
import { callName, words } from "../words/words";
import type { Waiting } from "./review";
import { StillStrip } from "./still_strip";

/** Around the onset, microseconds: what was before it is half of the answer. */
const BEFORE_US = 4e6;
const AFTER_US = 8e6;

interface Props {
  alarm: Waiting;
  /** Which it is of how many, from 1. */
  place: number;
  n: number;
  next: Waiting | null;
}

export function Shown({ alarm, place, n, next }: Props) {
  const nextId = next?.alarm_id;
  useEffect(() => {
    if (next === null) return undefined;
    const abort = new AbortController();
    // Only so that the server has it at hand; who comes there asks again.
    loadStrip(next.patient_id, next.onset_us - BEFORE_US, next.onset_us + AFTER_US, abort.signal).catch(
      () => undefined,
    );
    return () => abort.abort();
  }, [nextId]);
  const time = dayAndTime(alarm.onset_us, zoneOfPatient(alarm.patient_id));
  return (
    <>
      <header class="review-head" data-priority={alarm.priority}>
        <PriorityIcon priority={alarm.priority} />
        <h2>{callName(alarm.call)}</h2>
        <span>{alarm.name}</span>
        <span class="tile-ward">{alarm.ward}</span>
        <span class="spacer" />
        <span class="nothing">{words("queue.place", { place, n })}</span>
      </header>
      <p class="review-facts">{factsOf(alarm, time)}</p>
      <StillStrip
        patientId={alarm.patient_id}
        fromUs={alarm.onset_us - BEFORE_US}
        toUs={alarm.onset_us + AFTER_US}
        mark={{ atUs: alarm.onset_us, priority: alarm.priority, words: callName(alarm.call) }}
        label={words("rehearsal.strip", { call: callName(alarm.call), time })}
      />
    </>
  );
}

function factsOf(alarm: Waiting, time: string): string {
  const said = [time, ...measured(alarm)];
  if (alarm.end_us !== null) said.push(words("queue.lasted", { span: span((alarm.end_us - alarm.onset_us) / 1e6) }));
  if (alarm.bpm !== null) said.push(words("queue.rate", { bpm: decimal(alarm.bpm, 0) }));
  if (alarm.confidence !== null) said.push(words("queue.confidence", { part: percent(alarm.confidence * 100) }));
  if (alarm.late) said.push(words("queue.late"));
  return said.join(" · ");
}

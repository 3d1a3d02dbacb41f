// All open alarms in their lists, with what has one cause in one line. Pure.

import type { Alarm, WardPatient } from "../api/types";
import { rankOfAlarm } from "../ward/order";

/** A patient's alarm, or (null) one of the system itself. */
export interface Row {
  alarm: Alarm;
  patient: WardPatient | null;
}

/** One call of one or many patients, the gravest and newest first. */
export interface Group {
  call: string;
  rows: readonly Row[];
}

export const SECTIONS = ["clinical", "technical", "paused", "late", "answered"] as const;
export type Section = (typeof SECTIONS)[number];

/** Late ones and those of a pause never stand among what calls now, whatever they are. */
export function sectionOf(alarm: Alarm): Section {
  if (alarm.late) return "late";
  if (alarm.state === "acknowledged") return "answered";
  if (alarm.state === "paused" || alarm.paused_us !== null) return "paused";
  return alarm.family;
}

const byRank = (a: Row, b: Row): number =>
  rankOfAlarm(a.alarm) - rankOfAlarm(b.alarm) || b.alarm.onset_us - a.alarm.onset_us;

/** The rows of each section, by call: hundreds with one call are one line. */
export function grouped(rows: readonly Row[]): ReadonlyMap<Section, readonly Group[]> {
  const found = new Map<Section, Map<string, Row[]>>(SECTIONS.map((section) => [section, new Map()]));
  for (const row of [...rows].sort(byRank)) {
    const calls = found.get(sectionOf(row.alarm));
    const known = calls?.get(row.alarm.call);
    if (known) known.push(row);
    else calls?.set(row.alarm.call, [row]);
  }
  return new Map([...found].map(([section, calls]) => [section, [...calls].map(([call, of]) => ({ call, rows: of }))]));
}

// The ward as the server last told it.

import { computed, signal } from "@preact/signals";
import type { Alarm, HandOver, Named, Pause, Ward, WardPatient } from "../api/types";
import { calls } from "../words/words";
import { gravestFirst, inOrder } from "./order";

/** One patient and his open alarms, the gravest first. */
export interface Watched {
  patient: WardPatient;
  alarms: readonly Alarm[];
}

/** Null until the first picture is there. */
export const ward = signal<Ward | null>(null);
export const heardWard = (next: Ward): void => {
  ward.value = next;
};

/** An alarm that the server just changed for us: shown at once, not with the next picture. */
export const learnt = signal<Alarm | null>(null);
export function learnAlarm(alarm: Alarm): void {
  learnt.value = alarm;
  const before = ward.value;
  if (before === null) return;
  const isOpen = alarm.state !== "ended" && alarm.state !== "suppressed";
  const others = before.alarms.filter((other) => other.id !== alarm.id);
  ward.value = { ...before, alarms: isOpen ? [...others, alarm] : others };
}

/** What the server just told us alone, before the next picture does. */
export function learnPause(pause: Pause): void {
  const before = ward.value;
  if (before === null) return;
  const others = before.pauses.filter(({ id }) => id !== pause.id);
  ward.value = { ...before, pauses: pause.ended_us === null ? [...others, pause] : others };
}

export function learnNurse(patientId: number, nurse: Named | null): void {
  const before = ward.value;
  if (before === null) return;
  const patients = before.patients.map((patient) => (patient.id === patientId ? { ...patient, nurse } : patient));
  ward.value = { ...before, patients };
}

export function learnHandOver(next: HandOver): void {
  const before = ward.value;
  if (before === null) return;
  const others = before.hand_overs.filter(({ id }) => id !== next.id);
  const isOpen = next.accepted_us === null && next.withdrawn_us === null;
  ward.value = { ...before, hand_overs: isOpen ? [...others, next] : others };
}

const alarmsByPatient = computed(() => {
  const byPatient = new Map<number | null, Alarm[]>();
  for (const alarm of ward.value?.alarms ?? []) {
    const known = byPatient.get(alarm.patient_id);
    if (known) known.push(alarm);
    else byPatient.set(alarm.patient_id, [alarm]);
  }
  for (const [patientId, alarms] of byPatient) byPatient.set(patientId, gravestFirst(alarms, calls.value));
  return byPatient;
});

/** Every patient, trouble first. */
export const everyone = computed<readonly Watched[]>(() => {
  const { patients = [], now_us: nowUs = 0 } = ward.value ?? {};
  const watched = patients.map((patient) => ({ patient, alarms: alarmsByPatient.value.get(patient.id) ?? [] }));
  return inOrder(watched, nowUs);
});

export const systemAlarms = computed<readonly Alarm[]>(() => alarmsByPatient.value.get(null) ?? []);

export const watchedOf = (patientId: number): Watched | undefined =>
  everyone.value.find(({ patient }) => patient.id === patientId);

/** Names of the wards there are. */
export const wards = computed(() => [...new Set(everyone.value.map(({ patient }) => patient.ward))].sort());

const FILTER_KEY = "heartwire.ward";
const wanted = signal<string | null>(sessionStorage.getItem(FILTER_KEY));
/** The one ward to show; null is all. A ward that is no more hides nobody. */
export const wardShown = computed(() =>
  wanted.value !== null && wards.value.includes(wanted.value) ? wanted.value : null,
);
export function showWard(name: string | null): void {
  wanted.value = name;
  if (name === null) sessionStorage.removeItem(FILTER_KEY);
  else sessionStorage.setItem(FILTER_KEY, name);
}

const isShown = ({ patient }: Watched) => wardShown.value === null || patient.ward === wardShown.value;
export const shown = computed(() => everyone.value.filter(isShown));
export const hidden = computed(() => everyone.value.filter((watched) => !isShown(watched)));

export function forgetWard(): void {
  ward.value = null;
  learnt.value = null;
}

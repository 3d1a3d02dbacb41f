// Limits tried on stored days: what the server says of it, and what it comes to.

import { getJson, post, putOnly, remove } from "../api/http";
import type { CallOutcome, ListedAlarm, RehearsalOutcome as Outcome, Rehearsal } from "../api/schema";

export type { CallOutcome, ListedAlarm, Outcome, Rehearsal };

/** By call and limit; null is the catalogue's own. */
export type Change = Record<string, Record<string, number | null>>;

const url = (patientId: number) => `/api/patients/${patientId}/rehearsals`;

export const askRehearsal = (patientId: number, limits: Change, days: number) =>
  post<Rehearsal>(url(patientId), { limits, days });

export const getRehearsal = (patientId: number, id: number) => getJson<Rehearsal>(`${url(patientId)}/${id}`);

export const cancelRehearsal = (patientId: number, id: number) => remove(`${url(patientId)}/${id}`);

/** Let these limits be the patient's; the analysis follows within seconds. */
export const setLimits = (patientId: number, limits: Change) =>
  putOnly(`/api/patients/${patientId}/limits`, { limits });

export interface Sum {
  now: number;
  saved: number;
  added: number;
  lost: number;
  notRepeated: number;
}

/** All calls together. Pure. */
export function sumOf({ calls }: Outcome): Sum {
  const sum = (of: (call: CallOutcome) => number) => calls.reduce((total, call) => total + of(call), 0);
  return {
    now: sum(({ now }) => now),
    saved: sum(({ saved }) => saved),
    added: sum(({ added }) => added),
    lost: sum(({ lost }) => lost),
    notRepeated: sum(({ not_repeated }) => not_repeated),
  };
}

/** What was reviewed true and would not ring, nor anything else about that moment. Pure. */
export const isLost = ({ verdict, still }: ListedAlarm) => verdict === "true" && still === null;

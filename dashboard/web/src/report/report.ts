// Reports for the file: what the server says of them, and asking for one.

import { getJson, post } from "../api/http";
import type { ReportJob, ReportJobs } from "../api/schema";
import type { Language } from "../api/types";
import { daysBefore, instantOf } from "../words/zone";

export type { ReportJob };

const url = (patientId: number) => `/api/patients/${patientId}/reports`;

export const getReports = (patientId: number, abort?: AbortSignal) => getJson<ReportJobs>(url(patientId), abort);

export const askReport = (patientId: number, fromUs: number, toUs: number, language: Language) =>
  post<ReportJob>(url(patientId), { from_us: Math.round(fromUs), to_us: Math.round(toUs), language });

export const fileOf = (patientId: number, { id }: ReportJob) => `${url(patientId)}/${id}/file`;

const DAY_US = 86_400e6;
/** The periods that can be chosen by one press, days. */
export const PERIODS = [1, 3, 7, 31] as const;
/** The longest that one report covers: 31 days, of which one may have an hour more. */
export const LONGEST_US = 31 * DAY_US + 3600e6;

/** Of so many days of the ward up to now, whole minutes. Pure. */
export function lastDays(days: number, nowUs: number, zone: string): [number, number] {
  const toUs = Math.floor(nowUs / 60e6) * 60e6;
  return [daysBefore(toUs, days, zone), toUs];
}

/** What two fields with a time of the ward mean; null where that is no period, or too long a one. Pure. */
export function periodOf(from: string, to: string, zone: string): [number, number] | null {
  const [fromUs, toUs] = [instantOf(from, zone), instantOf(to, zone, "last")];
  if (fromUs === null || toUs === null) return null;
  return fromUs < toUs && toUs - fromUs <= LONGEST_US ? [fromUs, toUs] : null;
}

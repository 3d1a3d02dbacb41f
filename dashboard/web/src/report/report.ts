// Reports for the file: what the server says of them, and asking for one.

import { getJson, post } from "../api/http";
import type { ReportJob, ReportJobs } from "../api/schema";
import type { Language } from "../api/types";

export type { ReportJob };

const url = (patientId: number) => `/api/patients/${patientId}/reports`;

export const getReports = (patientId: number, abort?: AbortSignal) => getJson<ReportJobs>(url(patientId), abort);

export const askReport = (patientId: number, fromUs: number, toUs: number, language: Language, zone: string) =>
  post<ReportJob>(url(patientId), { from_us: Math.round(fromUs), to_us: Math.round(toUs), language, zone });

export const fileOf = (patientId: number, { id }: ReportJob) => `${url(patientId)}/${id}/file`;

const DAY_US = 86_400e6;
/** The periods that can be chosen by one press, days. */
export const PERIODS = [1, 3, 7, 31] as const;
/** The longest that one report covers. */
export const LONGEST_US = 31 * DAY_US;

/** Of so many days up to now, whole minutes. Pure. */
export function lastDays(days: number, nowUs: number): [number, number] {
  const toUs = Math.floor(nowUs / 60e6) * 60e6;
  return [toUs - days * DAY_US, toUs];
}

/** What two fields with a local time mean; null where that is no period, or too long a one. Pure. */
export function periodOf(from: string, to: string): [number, number] | null {
  const [fromUs, toUs] = [Date.parse(from) * 1000, Date.parse(to) * 1000];
  if (!Number.isFinite(fromUs) || !Number.isFinite(toUs)) return null;
  return fromUs < toUs && toUs - fromUs <= LONGEST_US ? [fromUs, toUs] : null;
}

/** A time as a field for a local time holds it. Pure. */
export function fieldOf(us: number): string {
  const at = new Date(us / 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

// Numbers of alarms: what the server counts.

import { getJson } from "../api/http";
import type { AlarmNumbers, CallNumbers, LimitNumbers } from "../api/schema";

export type { AlarmNumbers, LimitNumbers };
/** How alarms were reviewed. */
export type Reviewed = Pick<CallNumbers, "n_true" | "n_false">;

export function getNumbers(days: number, ward: string, abort?: AbortSignal): Promise<AlarmNumbers> {
  const asked = new URLSearchParams({ days: String(days) });
  if (ward) asked.set("ward", ward);
  return getJson<AlarmNumbers>(`/api/statistics/alarms?${asked}`, abort);
}

/** Which part of those that were judged true or false was false, 0 to 1; null where nobody has judged. Pure. */
export function falsePart({ n_true, n_false }: Reviewed): number | null {
  return n_true + n_false === 0 ? null : n_false / (n_true + n_false);
}

// How old the newest sample of a patient is, and what that means. Pure.

import type { Alarm, WardPatient } from "../api/types";

/** From here on a patient's signal is late, then quiet, seconds. */
const LATE_S = 5;
const QUIET_S = 10;

export type Freshness = { kind: "never" } | { kind: "fresh" | "late" | "quiet"; ageS: number };

type Times = Pick<WardPatient, "last_sample_us" | "last_received_us">;

/**
 * Age by the server's clock. The older of the two times counts: a device whose clock runs ahead is quiet when nothing
 * arrives, and one that sends yesterday's samples is not live either.
 */
export function freshness({ last_sample_us: sampleUs, last_received_us: receivedUs }: Times, nowUs: number): Freshness {
  const oldestUs = Math.min(sampleUs ?? Number.POSITIVE_INFINITY, receivedUs ?? Number.POSITIVE_INFINITY);
  if (oldestUs === Number.POSITIVE_INFINITY) return { kind: "never" };
  const ageS = Math.max(0, (nowUs - oldestUs) / 1e6);
  return { kind: ageS < LATE_S ? "fresh" : ageS < QUIET_S ? "late" : "quiet", ageS };
}

/** The engine's words about a signal are of now, not of a while ago. */
export function isAnalysed(patient: Pick<WardPatient, "analysed_until_us">, nowUs: number): boolean {
  return patient.analysed_until_us !== null && nowUs - patient.analysed_until_us < QUIET_S * 1e6;
}

/** Ages are of what was stored. While nothing is, of nobody, they do not say that no signal comes: waves do, past the database. */
export function isStoring(system: readonly Pick<Alarm, "call" | "ended_us">[]): boolean {
  return !system.some(({ call, ended_us: endedUs }) => call === "ingest_silent" && endedUs === null);
}

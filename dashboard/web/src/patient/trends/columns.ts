// Trends as columns for the plots and rows for the table. Pure.

import type { Stored, Trends, Variability } from "../../api/types";

const HOUR_S = 3600;

export interface Columns {
  /** Beginning of each bucket, seconds. */
  timeS: number[];
  /** Beats an hour. */
  supraventricular: (number | null)[];
  ventricular: (number | null)[];
  /** Parts of the bucket, percent. */
  fibrillation: (number | null)[];
  coverage: (number | null)[];
  battery: (number | null)[];
  sdnnMs: (number | null)[];
  rmssdMs: (number | null)[];
}

/** Seconds of a bucket for so many hours: some hundred on a page. */
export function bucketFor(hours: number): number {
  if (hours <= 1) return 60;
  if (hours <= 6) return 300;
  if (hours <= 24) return 900;
  return hours <= 7 * 24 ? 7200 : 21_600;
}

const round = (value: number, digits = 0) => Math.round(value * 10 ** digits) / 10 ** digits;

/** All on the time axis of `trends`; what is counted by hour stands in each bucket of that hour, or is their mean. */
export function columnsOf(trends: Trends, stored: Stored, variability: Variability): Columns {
  const timeS = trends.beats.map((_, i) => trends.from_us / 1e6 + i * trends.bucket_s);
  const anHour = (counts: readonly (number | null)[]) =>
    counts.map((count) => (count === null ? null : round((count * HOUR_S) / trends.bucket_s, 1)));
  const hourly = (values: readonly (number | null)[]) =>
    timeS.map((begin) => {
      const length = Math.max(trends.bucket_s, HOUR_S);
      const from = Math.floor(begin / length) * length;
      const inside = values.filter((value, i): value is number => {
        const hour = (variability.hour_us[i] ?? 0) / 1e6;
        return value !== null && hour >= from && hour < from + length;
      });
      return inside.length === 0 ? null : round(inside.reduce((sum, value) => sum + value, 0) / inside.length);
    });
  const share = (at: number) => stored.coverage[Math.floor((at - stored.from_us / 1e6) / stored.bucket_s)] ?? null;
  const coverage = timeS.map((begin) => share(begin));
  return {
    timeS,
    supraventricular: anHour(trends.supraventricular),
    ventricular: anHour(trends.ventricular),
    // Without signal nobody knows.
    fibrillation: trends.af_share.map((part, i) => ((coverage[i] ?? 0) > 0 || part > 0 ? round(part * 100) : null)),
    coverage: coverage.map((part) => (part === null ? null : Math.floor(part * 100))),
    battery: trends.battery_percent,
    sdnnMs: hourly(variability.sdnn_ms),
    rmssdMs: hourly(variability.rmssd_ms),
  };
}

/** How many seconds of a stretch of signal lie in atrial fibrillation, as a share of what there is; null without signal. */
export function burden({ fibrillation, coverage }: Columns): number | null {
  let [inside, all] = [0, 0];
  fibrillation.forEach((part, i) => {
    const known = coverage[i] ?? 0;
    inside += Math.min(part ?? 0, known);
    all += known;
  });
  return all === 0 ? null : inside / all;
}

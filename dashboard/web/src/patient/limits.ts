// The limits that hold for a patient: his own where he has one, the catalogue's otherwise. Pure.

import type { Call, PatientFacts } from "../api/types";

export interface EffectiveLimit {
  call: string;
  name: string;
  value: number;
  unit: string;
  /** Set for this patient; otherwise the catalogue's default. */
  isOwn: boolean;
}

/**
 * Of every clinical call all limits, of the others the patient's own, in the catalogue's order. One of his own that the
 * catalogue does not know or allow holds for no analysis either, and is left out.
 */
export function effectiveLimits(calls: Iterable<Call>, own: PatientFacts["limits"]): EffectiveLimit[] {
  return [...calls].flatMap(({ code, family, limits }) =>
    Object.entries(limits).flatMap(([name, { default: byDefault, low, high, unit }]) => {
      const set = own[code]?.[name];
      const isOwn = set !== undefined && set >= low && set <= high;
      return isOwn || family === "clinical" ? [{ call: code, name, value: isOwn ? set : byDefault, unit, isOwn }] : [];
    }),
  );
}

/** The limits of each call, in the order given. */
export function byCall(limits: readonly EffectiveLimit[]): ReadonlyMap<string, EffectiveLimit[]> {
  const found = new Map<string, EffectiveLimit[]>();
  for (const limit of limits) found.set(limit.call, [...(found.get(limit.call) ?? []), limit]);
  return found;
}

/** Calls of the system itself: their limits are nobody's own. */
const OF_SYSTEM: ReadonlySet<string> = new Set([
  "broker_unreachable",
  "ingest_silent",
  "analysis_behind",
  "notifier_silent",
  "alarm_unaccounted",
]);

/** Calls of which a patient may have limits of his own. */
export const settable = (calls: Iterable<Call>): Call[] =>
  [...calls].filter(({ code, limits }) => Object.keys(limits).length > 0 && !OF_SYSTEM.has(code));

/** What somebody typed, by call and name; empty: the catalogue's. */
export type Typed = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What of it differs from what holds, as the server takes it; what is no number is left to the form. */
export function changedLimits(
  calls: ReadonlyMap<string, Call>,
  own: PatientFacts["limits"],
  typed: Typed,
): Record<string, Record<string, number | null>> {
  const changed: Record<string, Record<string, number | null>> = {};
  for (const [call, names] of Object.entries(typed)) {
    for (const [name, text] of Object.entries(names)) {
      const value = text.trim() === "" ? null : Number(text);
      const isKnown = calls.get(call)?.limits[name] !== undefined;
      if (!isKnown || Number.isNaN(value) || value === (own[call]?.[name] ?? null)) continue;
      changed[call] = { ...changed[call], [name]: value };
    }
  }
  return changed;
}

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

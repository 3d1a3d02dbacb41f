// A number with its unit, and what an alarm measured, in words.

import type { Alarm } from "../api/types";
import { decimal, percent } from "./numbers";
import { calls, plural, words } from "./words";

/** A value with its unit, as the catalogue of calls names units. */
export function quantity(value: number, unit: string): string {
  if (unit === "beats") return plural("quantity.beats", value);
  if (unit === "patients") return plural("quantity.patients", value);
  if (unit === "%") return percent(value);
  const given = { value: decimal(value) };
  if (unit === "1/min") return words("quantity.per_minute", given);
  return unit === "s" ? words("quantity.seconds", given) : words("quantity.of_unit", { unit, ...given });
}

/** Units of what is measured where a call has no limit of that name. */
const UNITS: Readonly<Record<string, string>> = {
  beats: "beats",
  bpm: "1/min",
  count: "1/min",
  patients: "patients",
  seconds: "s",
};

/**
 * What the analysis measured when it raised the alarm: first that of which the call has limits, in the catalogue's
 * order, since the database keeps none. What has no unit here is not told.
 */
export function measured({ call, detail }: Pick<Alarm, "call" | "detail">): string[] {
  const limits = calls.value.get(call)?.limits ?? {};
  const names = new Set([...Object.keys(limits), ...Object.keys(detail)]);
  return [...names].flatMap((name) => {
    const value = detail[name];
    const unit = limits[name]?.unit ?? UNITS[name];
    return typeof value === "number" && unit !== undefined ? [quantity(value, unit)] : [];
  });
}

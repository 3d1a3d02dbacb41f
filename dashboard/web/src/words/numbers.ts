// Numbers, times and spans in the person's language.

import { dateFormat, numberFormat } from "./formats";
import { language } from "./language";
import { plural, words } from "./words";
import { isUnclear, zone } from "./zone";

export const NO_VALUE = "– –";
/** Whose way of writing days and times each language follows. */
const REGIONAL = { en: "en-GB", fr: "fr-FR", de: "de-DE" } as const;

/** Heart rate in whole beats a minute; a dash where there is none. */
export const bpm = (value: number | null): string => (value === null ? NO_VALUE : String(Math.round(value)));

export function percent(value: number): string {
  return numberFormat(language.value, { style: "percent", maximumFractionDigits: 0 }).format(value / 100);
}

export function decimal(value: number, digits = 1): string {
  return numberFormat(language.value, { maximumFractionDigits: digits }).format(value);
}

export function bytes(value: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  const style = { style: "unit", unit: units[unit] ?? "byte", unitDisplay: "short" } as const;
  return numberFormat(language.value, { ...style, maximumFractionDigits: size < 10 ? 1 : 0 }).format(size);
}

const HOUR_MINUTE = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const CLOCK = { ...HOUR_MINUTE, second: "2-digit" } as const;
const DAY = { day: "numeric", month: "short" } as const;
const DAY_AND_TIME = { weekday: "short", ...DAY, ...CLOCK } as const;
const LONG_DAY = { weekday: "long", day: "numeric", month: "long" } as const;
const ZONE = { timeZoneName: "short" } as const;

function format(tUs: number, of: string, options: Intl.DateTimeFormatOptions): string {
  return dateFormat(REGIONAL[language.value], { ...options, timeZone: of }).format(tUs / 1000);
}

/** With the zone, where the time could be taken for another: "14:03 CET". */
const said = (tUs: number, of: string, options: Intl.DateTimeFormatOptions) =>
  format(tUs, of, isUnclear(tUs, of) ? { ...options, ...ZONE } : options);

// Times of a zone: the page's, if no other is named.
export const clockTime = (tUs: number, of = zone.value) => said(tUs, of, CLOCK);
export const hourMinute = (tUs: number, of = zone.value) => said(tUs, of, HOUR_MINUTE);
export const dayAndTime = (tUs: number, of = zone.value) => said(tUs, of, DAY_AND_TIME);
export const dayOfMonth = (tUs: number, of = zone.value) => format(tUs, of, DAY);
export const longDay = (tUs: number, of = zone.value) => format(tUs, of, LONG_DAY);

// Along an axis, whose page says the zone once.
export const clockMark = (tUs: number, of = zone.value) => format(tUs, of, CLOCK);
export const hourMark = (tUs: number, of = zone.value) => format(tUs, of, HOUR_MINUTE);

/** A span in its greatest unit: "8 s", "12 min", "3 h", "2 days". */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 100) return words("span.seconds", { n: whole });
  if (whole < 100 * 60) return words("span.minutes", { n: Math.floor(whole / 60) });
  if (whole < 48 * 3600) return words("span.hours", { n: Math.floor(whole / 3600) });
  return plural("span.days", Math.floor(whole / 86_400));
}

/** Minutes and seconds that are left: "1:45"; from an hour on with hours: "11:58:05". */
export function countdown(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (number: number) => String(Math.floor(number)).padStart(2, "0");
  const minutes =
    whole < 3600 ? String(Math.floor(whole / 60)) : `${Math.floor(whole / 3600)}:${two((whole % 3600) / 60)}`;
  return `${minutes}:${two(whole % 60)}`;
}

// Numbers, times and spans in the person's language.

import { dateFormat, numberFormat } from "./formats";
import { language } from "./language";
import { plural, words } from "./words";

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

function format(tUs: number, options: Intl.DateTimeFormatOptions): string {
  return dateFormat(REGIONAL[language.value], options).format(new Date(tUs / 1000));
}

export const clockTime = (tUs: number) =>
  format(tUs, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export const hourMinute = (tUs: number) => format(tUs, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export const dayAndTime = (tUs: number) =>
  format(tUs, {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });

export const dayOfMonth = (tUs: number) => format(tUs, { day: "numeric", month: "short" });

export const longDay = (tUs: number) => format(tUs, { weekday: "long", day: "numeric", month: "long" });

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

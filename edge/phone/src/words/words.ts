// The words of the app, from the catalogues. Keys are typed: a missing one does not compile.

import en from "../messages/en.json";
import fr from "../messages/fr.json";
import { type Language, language } from "./language";

export type MessageKey = keyof typeof en;
/** Keys with a form for each plural category, without the category. */
export type PluralKey = MessageKey extends infer K ? (K extends `${infer Base}.other` ? Base : never) : never;
export type Params = Readonly<Record<string, string | number>>;

const catalogues: Record<Language, Record<string, string>> = { en, fr };

function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = params[name];
    if (value === undefined) return placeholder;
    return typeof value === "number" ? new Intl.NumberFormat(language.value).format(value) : value;
  });
}

const find = (key: string): string | undefined => catalogues[language.value][key];

export function words(key: MessageKey, params: Params = {}): string {
  return fill(find(key) ?? key, params);
}

export function plural(key: PluralKey, n: number, params: Params = {}): string {
  const category = new Intl.PluralRules(language.value).select(n);
  return fill(find(`${key}.${category}`) ?? find(`${key}.other`) ?? key, { n, ...params });
}

/** What went wrong, in words; what has no words of its own is told as such. */
export function wordsOfError(code: string, params: Params = {}): string {
  return fill(find(`error.${code}`) ?? words("error.unexpected"), params);
}

const locale = () => (language.value === "en" ? "en-GB" : "fr-FR");

function format(tUs: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale(), options).format(new Date(tUs / 1000));
}

const HOUR_MINUTE = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
export const hourMinute = (tUs: number) => format(tUs, HOUR_MINUTE);

/** What the clock of a zone shows now, if it is not what this phone's shows; null also where the phone does not know it. */
export function otherClock(zone: string, tUs: number): string | null {
  try {
    const there = format(tUs, { ...HOUR_MINUTE, timeZone: zone });
    return there === hourMinute(tUs) ? null : there;
  } catch {
    return null;
  }
}

/** "14:02" of today, "Monday 3 March, 14:02" of another day. */
export function when(tUs: number): string {
  const isToday = new Date(tUs / 1000).toDateString() === new Date().toDateString();
  if (isToday) return words("when.today", { time: hourMinute(tUs) });
  const day = format(tUs, { weekday: "long", day: "numeric", month: "long" });
  return words("when.day", { day, time: hourMinute(tUs) });
}

/** A span in its greatest unit: "about 3 minutes". */
export function span(seconds: number): string {
  if (seconds < 90) return plural("span.seconds", Math.max(1, Math.round(seconds)));
  if (seconds < 90 * 60) return plural("span.minutes", Math.round(seconds / 60));
  if (seconds < 36 * 3600) return plural("span.hours", Math.round(seconds / 3600));
  return plural("span.days", Math.round(seconds / 86_400));
}

export const percent = (value: number): string =>
  new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 0 }).format(value / 100);

// In which zone times are told: the ward's (docs/adr/0032). A time says its zone where the clock of whoever reads it would
// show another, and where the ward's own clock shows it twice.

import { effect, signal } from "@preact/signals";

/** The browser's. */
export const HERE: string = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** A zone that this browser can tell times in: UTC where it does not know the name. */
export function usable(name: string): string {
  try {
    clockOf(name);
    return name;
  } catch {
    return "UTC";
  }
}

/** "America/New York". */
export const zoneWords = (name: string) => name.replaceAll("_", " ");

/** The zone of the page that is shown: of the ward of its patient, or of the hospital. */
export const zone = signal(HERE);

/** Keep it true; call once. */
export function followZone(of: () => string | undefined): void {
  effect(() => {
    zone.value = of() ?? HERE;
  });
}

const DAY_US = 86_400e6;
/** Clocks are turned at whole quarters of an hour of UTC, and stand for hours on either side. */
const QUARTER_US = 900e6;
const BESIDE_US = 3 * 3600e6;
const MOST_KNOWN = 4096;
const known = new Map<string, number>();

/** How far the clock of a zone is ahead of UTC then, microseconds. */
export function offsetUs(tUs: number, of: string): number {
  const quarter = Math.floor(tUs / QUARTER_US);
  const key = `${of} ${quarter}`;
  let offset = known.get(key);
  if (offset === undefined) {
    offset = readOffset(quarter * QUARTER_US, of);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(key, offset);
  }
  return offset;
}

const clocks = new Map<string, Intl.DateTimeFormat>();
const PARTS = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" } as const;

function clockOf(name: string): Intl.DateTimeFormat {
  let clock = clocks.get(name);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat("en-GB", { ...PARTS, timeZone: name, hourCycle: "h23" });
    clocks.set(name, clock);
  }
  return clock;
}

function readOffset(tUs: number, of: string): number {
  const shown: Record<string, number> = {};
  for (const { type, value } of clockOf(of).formatToParts(tUs / 1000)) shown[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = shown;
  return Date.UTC(year, month - 1, day, hour, minute) * 1000 - tUs;
}

/** Whether who reads a time of a zone could take it for another: here the clock shows another, or there it shows it twice. */
export function isUnclear(tUs: number, of: string, here = HERE): boolean {
  return offsetUs(tUs, of) !== offsetUs(tUs, here) || comesTwice(tUs, of);
}

function comesTwice(tUs: number, of: string): boolean {
  const offset = offsetUs(tUs, of);
  return [tUs - BESIDE_US, tUs + BESIDE_US].some((besideUs) => {
    const other = offsetUs(besideUs, of);
    return other !== offset && offsetUs(tUs + offset - other, of) === other;
  });
}

/** Whether a zone's clock shows another time than the browser's at some time of the year. */
export function isElsewhere(of: string, nowUs: number, here = HERE): boolean {
  return [0, 91, 182, 273].some((days) => {
    const tUs = nowUs + days * DAY_US;
    return offsetUs(tUs, of) !== offsetUs(tUs, here);
  });
}

/** The last whole step of a zone's clock: the full hour that it showed. */
export function floorTo(tUs: number, stepUs: number, of: string): number {
  const offset = offsetUs(tUs, of);
  return Math.floor((tUs + offset) / stepUs) * stepUs - offset;
}

/** A time as `<input type=datetime-local>` holds it. */
export function fieldOf(tUs: number, of: string, { seconds = false } = {}): string {
  return new Date((tUs + offsetUs(tUs, of)) / 1000).toISOString().slice(0, seconds ? 19 : 16);
}

/**
 * What such a field means; null where it holds no time. What the clock shows twice is the first or the last of both; what it
 * leaves out, since clocks are turned ahead, is as long after the hour before.
 */
export function instantOf(field: string, of: string, which: "first" | "last" = "first"): number | null {
  const localUs = Date.parse(`${field}Z`) * 1000;
  if (!Number.isFinite(localUs)) return null;
  const offsets = [offsetUs(localUs - DAY_US, of), offsetUs(localUs + DAY_US, of)];
  const found = offsets.map((offset) => localUs - offset).filter((tUs) => tUs + offsetUs(tUs, of) === localUs);
  if (found.length === 0) return localUs - (offsets[0] ?? 0);
  return which === "first" ? Math.min(...found) : Math.max(...found);
}

/** When the clock showed the same time so many days before: days of 23, 24 or 25 hours. */
export function daysBefore(tUs: number, days: number, of: string): number {
  const localUs = tUs + offsetUs(tUs, of) - days * DAY_US;
  return instantOf(new Date(localUs / 1000).toISOString().slice(0, -1), of) ?? tUs;
}

/** Times that stand on whole steps of the clock on the wall. */
export function marksBetween(fromUs: number, toUs: number, stepUs: number, of: string): number[] {
  const marks: number[] = [];
  // Where clocks were turned in between by what is no whole step, the grid of the wall's clock goes on.
  const turned = (tUs: number, offset: number) => {
    const byUs = offsetUs(tUs, of) - offset;
    return byUs % stepUs === 0 ? tUs : tUs - byUs;
  };
  const offset = offsetUs(fromUs, of);
  let tUs = turned(Math.ceil((fromUs + offset) / stepUs) * stepUs - offset, offset);
  while (tUs <= toUs) {
    marks.push(tUs);
    tUs = turned(tUs + stepUs, offsetUs(tUs, of));
  }
  return marks;
}

// Which part of the record is on the page: rows of time, one under the other, in five steps from a day to the beat. Pure.

import { floorTo, zone } from "../../words/zone";

export interface Level {
  rows: number;
  rowS: number;
}

/** A day, six hours, an hour, ten minutes, two minutes. */
export const LEVELS = [
  { rows: 24, rowS: 3600 },
  { rows: 24, rowS: 900 },
  { rows: 30, rowS: 120 },
  { rows: 20, rowS: 30 },
  { rows: 12, rowS: 10 },
] as const satisfies readonly Level[];

/** What one answer may hold: of buckets shorter than half a second two hours. */
const COARSE_S = 0.5;
const SHORTEST_S = 0.01;

export interface View {
  /** Index of `LEVELS`. */
  level: number;
  /** Beginning of the first row. */
  fromUs: number;
}

export interface Span {
  first_us: number;
  last_us: number;
}

export const levelOf = ({ level }: View): Level => LEVELS[level] ?? LEVELS[0];
export const rowUs = (view: View): number => levelOf(view).rowS * 1e6;
export const pageUs = (view: View): number => levelOf(view).rows * rowUs(view);
export const endUs = (view: View): number => view.fromUs + pageUs(view);
export const holds = (view: View, tUs: number): boolean => tUs >= view.fromUs && tUs < endUs(view);

/** The beginning of the row that a time lies in: rows of an hour begin with the hour of the clock on the wall. */
export const rowOf = (tUs: number, lengthUs: number, of = zone.value): number => floorTo(tUs, lengthUs, of);

/** Keep a view on what is stored: the last row is at most that of the end, the first at least that of the beginning. */
export function within(view: View, stored: Span | null): View {
  if (stored === null) return view;
  const length = rowUs(view);
  const latest = rowOf(stored.last_us, length) - (levelOf(view).rows - 1) * length;
  const earliest = Math.min(rowOf(stored.first_us, length), latest);
  return { ...view, fromUs: Math.max(earliest, Math.min(latest, view.fromUs)) };
}

/** The view that shows the newest, in the finest step on which all that is stored has room. */
export function beginning(stored: Span): View {
  const fits = LEVELS.findLastIndex(({ rows, rowS }) => (rows - 1) * rowS * 1e6 >= stored.last_us - stored.first_us);
  return within({ level: Math.max(0, fits), fromUs: Number.POSITIVE_INFINITY }, stored);
}

/** Go to another step; the time that is pointed at stays about where it is. */
export function zoom(view: View, level: number, atUs: number, stored: Span | null): View {
  const next = { level: Math.max(0, Math.min(LEVELS.length - 1, level)), fromUs: view.fromUs };
  if (next.level === view.level) return view;
  const share = Math.max(0, Math.min(0.999, (atUs - view.fromUs) / pageUs(view)));
  const rowsAbove = Math.floor(share * levelOf(next).rows);
  return within({ ...next, fromUs: rowOf(atUs, rowUs(next)) - rowsAbove * rowUs(next) }, stored);
}

export const move = (view: View, rows: number, stored: Span | null): View =>
  within({ ...view, fromUs: view.fromUs + Math.round(rows) * rowUs(view) }, stored);

/** The view moved as little as needed to show a time. */
export function showing(view: View, tUs: number, stored: Span | null): View {
  if (holds(view, tUs)) return view;
  const { rows } = levelOf(view);
  const row = rowOf(tUs, rowUs(view));
  return within({ ...view, fromUs: row - Math.floor(rows / 2) * rowUs(view) }, stored);
}

/** Seconds of a bucket, so that there is one for each pixel of a row, at most. */
export function bucketFor(view: View, widthPx: number): number {
  const bucketS = levelOf(view).rowS / Math.max(1, widthPx);
  if (bucketS >= COARSE_S) return Math.floor(bucketS / COARSE_S) * COARSE_S;
  return pageUs(view) > 7200e6 ? COARSE_S : Math.max(SHORTEST_S, Math.round(bucketS * 1e3) / 1e3);
}

/** Where the rows are on the canvas, CSS px. */
export interface Place {
  widthPx: number;
  heightPx: number;
}
export const GUTTER_PX = 52;
export const RIGHT_PX = 6;
export const FOOT_PX = 20;
/** The first row's complexes reach out of it, too. */
export const HEAD_PX = 8;

export const rowHeight = (view: View, { heightPx }: Place): number =>
  (heightPx - HEAD_PX - FOOT_PX) / levelOf(view).rows;
export const pxPerUs = (view: View, { widthPx }: Place): number =>
  Math.max(1, widthPx - GUTTER_PX - RIGHT_PX) / rowUs(view);

/** The time at a point of the canvas; what is beside a row counts as its beginning or end. */
export function timeAt(view: View, place: Place, x: number, y: number): number {
  const { rows } = levelOf(view);
  const row = Math.max(0, Math.min(rows - 1, Math.floor((y - HEAD_PX) / rowHeight(view, place))));
  const within = Math.max(0, Math.min(rowUs(view) - 1, (x - GUTTER_PX) / pxPerUs(view, place)));
  return view.fromUs + row * rowUs(view) + within;
}

// Heart rate over hours: the mean as a line within the band of least and most. Where there are no beats there is no line.

import type { HeartRateTrend, Priority, Stored } from "../api/types";
import { marksBetween, zone } from "../words/zone";

export const LEFT_PX = 38;
const RIGHT_PX = 10;
const TOP_PX = 16;
const FOOT_PX = 34;
const COVERAGE_PX = 6;

export interface TrendPicture {
  fromUs: number;
  toUs: number;
  trend: HeartRateTrend | null;
  stored: Stored | null;
  alarms: readonly { atUs: number; priority: Priority }[];
  limitsBpm: readonly number[];
  chosenUs: number | null;
  timeWords: (tUs: number) => string;
}

/** Time at `x` of a plot `width` wide, and back. */
export const trendTime = (x: number, width: number, fromUs: number, toUs: number): number =>
  fromUs + ((x - LEFT_PX) / Math.max(1, width - LEFT_PX - RIGHT_PX)) * (toUs - fromUs);
export const trendX = (tUs: number, width: number, fromUs: number, toUs: number): number =>
  LEFT_PX + ((tUs - fromUs) / (toUs - fromUs)) * (width - LEFT_PX - RIGHT_PX);

/** Bounds of the axis that hold all values, in twenties. */
export function axis(values: readonly (number | null)[]): [number, number] {
  const numbers = values.filter((value) => value !== null);
  const low = Math.floor(Math.min(40, ...numbers) / 20) * 20;
  const high = Math.ceil(Math.max(140, ...numbers) / 20) * 20;
  return [Math.max(0, low), Math.min(300, high)];
}

const DAY_S = 86_400;
const STEPS_S = [60, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, DAY_S];
/** Marks of long spans stand on midnight, since they tell the day. */
const DAY_STEPS_S = [DAY_S, 2 * DAY_S, 5 * DAY_S];

/** Seconds between two marks of the time axis. */
export function timeStep(spanS: number, widthPx: number): number {
  const steps = spanS > 2 * DAY_S ? DAY_STEPS_S : STEPS_S;
  return steps.find((step) => (step / spanS) * widthPx >= 64) ?? 7 * DAY_S;
}

/** Runs of neighbouring buckets that have a value: [first, last], both included. */
export function runs(values: readonly (number | null)[]): [number, number][] {
  const found: [number, number][] = [];
  let begin = -1;
  values.forEach((value, i) => {
    if (value !== null && begin < 0) begin = i;
    if (value === null && begin >= 0) {
      found.push([begin, i - 1]);
      begin = -1;
    }
  });
  if (begin >= 0) found.push([begin, values.length - 1]);
  return found;
}

export function drawTrend(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  _ratio: number,
  picture: TrendPicture,
): void {
  const { fromUs, toUs, trend } = picture;
  const style = getComputedStyle(context.canvas);
  const colour = (name: string) => style.getPropertyValue(name);
  const bottom = height - FOOT_PX;
  const [low, high] = axis([...(trend?.min ?? []), ...(trend?.max ?? [])]);
  const xOf = (tUs: number) => trendX(tUs, width, fromUs, toUs);
  const yOf = (bpm: number) => bottom - ((bpm - low) / (high - low)) * (bottom - TOP_PX);
  context.font = `500 11px ${style.fontFamily}`;
  context.textBaseline = "alphabetic";
  drawAxes(context, picture, { width, bottom, low, high, xOf, yOf, line: colour("--line"), text: colour("--muted") });
  drawLimits(context, picture.limitsBpm, { width, yOf, colour: colour("--limit") });
  if (trend) drawRate(context, trend, { xOf, yOf, band: colour("--band"), line: colour("--trace") });
  drawCoverage(context, picture, bottom, colour("--trace"), colour("--hatch"), xOf);
  for (const { atUs, priority } of picture.alarms) {
    if (atUs < fromUs || atUs > toUs) continue;
    const x = xOf(atUs);
    context.fillStyle = colour(`--${priority}-fill`);
    context.beginPath();
    context.moveTo(x - 5, 2);
    context.lineTo(x + 5, 2);
    context.lineTo(x, 11);
    context.fill();
    context.fillRect(x - 0.5, 8, 1, bottom - 8);
  }
  if (picture.chosenUs !== null && picture.chosenUs >= fromUs && picture.chosenUs <= toUs) {
    context.fillStyle = colour("--focus");
    context.fillRect(xOf(picture.chosenUs) - 1, 0, 2, bottom + COVERAGE_PX + 6);
  }
}

interface Axes {
  width: number;
  bottom: number;
  low: number;
  high: number;
  xOf: (tUs: number) => number;
  yOf: (bpm: number) => number;
  line: string;
  text: string;
}

function drawAxes(context: CanvasRenderingContext2D, picture: TrendPicture, axes: Axes): void {
  const { fromUs, toUs } = picture;
  context.textAlign = "right";
  const every = axes.high - axes.low > 160 ? 40 : 20;
  for (let bpm = axes.low; bpm <= axes.high; bpm += every) {
    context.fillStyle = axes.line;
    context.fillRect(LEFT_PX, Math.round(axes.yOf(bpm)), axes.width - LEFT_PX - RIGHT_PX, 1);
    context.fillStyle = axes.text;
    context.fillText(String(bpm), LEFT_PX - 6, axes.yOf(bpm) + 4);
  }
  const stepUs = timeStep((toUs - fromUs) / 1e6, axes.width - LEFT_PX - RIGHT_PX) * 1e6;
  context.textAlign = "center";
  for (const tUs of marksBetween(fromUs, toUs, stepUs, zone.value)) {
    const x = Math.round(axes.xOf(tUs));
    context.fillStyle = axes.line;
    context.fillRect(x, TOP_PX, 1, axes.bottom - TOP_PX);
    context.fillStyle = axes.text;
    if (x > LEFT_PX + 8 && x < axes.width - 18) context.fillText(picture.timeWords(tUs), x, axes.bottom + FOOT_PX - 7);
  }
}

function drawLimits(
  context: CanvasRenderingContext2D,
  limits: readonly number[],
  { width, yOf, colour }: { width: number; yOf: (bpm: number) => number; colour: string },
): void {
  context.save();
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.setLineDash([5, 4]);
  context.beginPath();
  for (const bpm of limits) {
    context.moveTo(LEFT_PX, Math.round(yOf(bpm)) + 0.5);
    context.lineTo(width - RIGHT_PX, Math.round(yOf(bpm)) + 0.5);
  }
  context.stroke();
  context.restore();
}

function drawRate(
  context: CanvasRenderingContext2D,
  trend: HeartRateTrend,
  { xOf, yOf, band, line }: { xOf: (tUs: number) => number; yOf: (bpm: number) => number; band: string; line: string },
): void {
  const x = (i: number) => xOf(trend.from_us + (i + 0.5) * trend.bucket_s * 1e6);
  const y = (values: readonly (number | null)[], i: number) => yOf(values[i] ?? 0);
  context.lineJoin = "round";
  for (const [first, last] of runs(trend.mean)) {
    const begin = xOf(trend.from_us + first * trend.bucket_s * 1e6);
    const end = xOf(trend.from_us + (last + 1) * trend.bucket_s * 1e6);
    context.beginPath();
    context.moveTo(begin, y(trend.max, first));
    for (let i = first; i <= last; i++) context.lineTo(x(i), y(trend.max, i));
    context.lineTo(end, y(trend.max, last));
    context.lineTo(end, y(trend.min, last));
    for (let i = last; i >= first; i--) context.lineTo(x(i), y(trend.min, i));
    context.lineTo(begin, y(trend.min, first));
    context.fillStyle = band;
    context.fill();
    context.beginPath();
    context.moveTo(begin, y(trend.mean, first));
    for (let i = first; i <= last; i++) context.lineTo(x(i), y(trend.mean, i));
    context.lineTo(end, y(trend.mean, last));
    context.strokeStyle = line;
    context.lineWidth = 1.8;
    context.stroke();
  }
}

/** Under the plot: how much of each stretch is stored. */
function drawCoverage(
  context: CanvasRenderingContext2D,
  { fromUs, toUs, stored }: TrendPicture,
  bottom: number,
  full: string,
  none: string,
  xOf: (tUs: number) => number,
): void {
  const top = bottom + 6;
  context.fillStyle = none;
  context.fillRect(xOf(fromUs), top, xOf(toUs) - xOf(fromUs), COVERAGE_PX);
  context.fillStyle = full;
  stored?.coverage.forEach((share, i) => {
    if (share <= 0) return;
    // On whole pixels, so that neighbours neither overlap nor leave a seam.
    const begin = Math.round(xOf(stored.from_us + i * stored.bucket_s * 1e6));
    const end = Math.round(Math.min(xOf(toUs), xOf(stored.from_us + (i + 1) * stored.bucket_s * 1e6)));
    context.globalAlpha = 0.25 + 0.75 * Math.min(1, share);
    context.fillRect(begin, top, Math.max(1, end - begin), COVERAGE_PX);
  });
  context.globalAlpha = 1;
}

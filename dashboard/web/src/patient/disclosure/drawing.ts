// The record as rows of time: the outline of the signal, what was found and said in it, and where the strip is.

import type { Outline } from "../../api/outline";
import type { Priority } from "../../api/types";
import { hatch } from "../strip_drawing";
import { penFor } from "./pens";
import { GUTTER_PX, HEAD_PX, levelOf, pxPerUs, RIGHT_PX, rowHeight, rowUs, type View } from "./view";

/** A call that was true for a while, or an alarm. */
export interface Band {
  fromUs: number;
  toUs: number;
  priority: Priority;
}

export interface Sign {
  atUs: number;
  /** A letter: of a beat, a symptom, a note. */
  letter: string;
  strong: boolean;
}

export interface DisclosurePicture {
  view: View;
  outline: Outline | null;
  bands: readonly Band[];
  signs: readonly Sign[];
  /** What the strip shows. */
  chosen: { fromUs: number; toUs: number } | null;
  /** Nothing after this can be there yet. */
  nowUs: number;
  /** Times as large as the page chose. */
  magnified: number;
  rowName: (tUs: number) => string;
  markName: (offsetUs: number) => string;
}

const BAND_PX: Record<Priority, number> = { high: 4, medium: 3, low: 2 };
const MARKS_S: Record<number, number> = { 3600: 600, 900: 180, 120: 20, 30: 5, 10: 1 };
/** Buckets without a sample that are no gap: a wandering clock's. */
const JOINED = 2;
const LETTER_PX = 11;

interface Frame {
  ratio: number;
  width: number;
  height: number;
  row: number;
  colour: (name: string) => string;
  xOf: (tUs: number) => number;
}

export function drawDisclosure(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  ratio: number,
  picture: DisclosurePicture,
): void {
  const { view } = picture;
  const style = getComputedStyle(context.canvas);
  const place = { widthPx: width, heightPx: height };
  const perUs = pxPerUs(view, place);
  const frame: Frame = {
    ratio,
    width,
    height,
    row: rowHeight(view, place),
    colour: (name) => style.getPropertyValue(name),
    xOf: (sinceRowUs) => GUTTER_PX + sinceRowUs * perUs,
  };
  context.font = `500 11px ${style.fontFamily}`;
  context.textBaseline = "alphabetic";
  context.save();
  context.translate(0, HEAD_PX);
  drawGrid(context, picture, frame);
  for (let row = 0; row < levelOf(view).rows; row++) {
    const fromUs = view.fromUs + row * rowUs(view);
    drawRow(context, picture, frame, fromUs, row * frame.row);
  }
  context.restore();
}

function drawGrid(
  context: CanvasRenderingContext2D,
  { view, markName, rowName }: DisclosurePicture,
  frame: Frame,
): void {
  const { rows, rowS } = levelOf(view);
  const bottom = frame.row * rows;
  const everyUs = (MARKS_S[rowS] ?? rowS) * 1e6;
  // Where there is little room only every second or third mark is named.
  const room = Math.ceil(46 / (frame.xOf(everyUs) - GUTTER_PX));
  context.textAlign = "center";
  for (let n = 0; n * everyUs <= rowS * 1e6; n++) {
    const x = Math.round(frame.xOf(n * everyUs));
    context.fillStyle = frame.colour("--line");
    context.fillRect(x, 0, 1, bottom);
    context.fillStyle = frame.colour("--muted");
    if (n % room === 0 && x < frame.width - 14) context.fillText(markName(n * everyUs), x, bottom + 14);
  }
  context.textAlign = "right";
  const every = Math.max(1, Math.ceil(14 / frame.row));
  for (let row = 0; row < rows; row += every) {
    const name = rowName(view.fromUs + row * rowUs(view));
    context.fillText(name, GUTTER_PX - 6, (row + 0.5) * frame.row + 4, GUTTER_PX - 8);
  }
}

function drawRow(
  context: CanvasRenderingContext2D,
  picture: DisclosurePicture,
  frame: Frame,
  fromUs: number,
  top: number,
): void {
  const toUs = fromUs + rowUs(picture.view);
  const bottom = top + frame.row;
  const clip = (tUs: number) => frame.xOf(Math.max(0, Math.min(toUs, tUs) - fromUs));
  for (const band of picture.bands) {
    if (band.toUs < fromUs || band.fromUs >= toUs) continue;
    const [begin, end] = [clip(band.fromUs), clip(band.toUs)];
    const high = BAND_PX[band.priority];
    context.fillStyle = frame.colour(`--${band.priority}-fill`);
    context.fillRect(begin, bottom - high, Math.max(2, end - begin), high);
  }
  if (picture.outline !== null) {
    const { outline } = picture;
    const gaps = traceRow(context, outline, picture, frame, fromUs, top);
    for (const [a, b] of gaps) {
      context.save();
      context.translate(0, top);
      hatch(context, clip(a), clip(Math.min(b, picture.nowUs)), frame.row, frame.colour("--hatch"));
      context.restore();
    }
  }
  context.font = `600 ${LETTER_PX}px ${getComputedStyle(context.canvas).fontFamily}`;
  context.textAlign = "center";
  for (const sign of picture.signs) {
    if (sign.atUs < fromUs || sign.atUs >= toUs) continue;
    const x = frame.xOf(sign.atUs - fromUs);
    context.strokeStyle = frame.colour("--surface");
    context.lineWidth = 4;
    context.strokeText(sign.letter, x, top + LETTER_PX - 2);
    context.fillStyle = frame.colour(sign.strong ? "--ink" : "--beat-mark");
    context.fillText(sign.letter, x, top + LETTER_PX - 2);
  }
  if (picture.chosen !== null && picture.chosen.toUs > fromUs && picture.chosen.fromUs < toUs) {
    const [begin, end] = [clip(picture.chosen.fromUs), clip(picture.chosen.toUs)];
    context.strokeStyle = frame.colour("--focus");
    context.lineWidth = 2;
    context.strokeRect(begin - 1, top + 1, Math.max(4, end - begin) + 2, frame.row - 2);
  }
}

/** Draw one row's outline and return where nothing is stored. */
function traceRow(
  context: CanvasRenderingContext2D,
  outline: Outline,
  { view, magnified }: DisclosurePicture,
  frame: Frame,
  fromUs: number,
  top: number,
): [number, number][] {
  const { bucketUs, lowMv, highMv } = outline;
  const index = (tUs: number) => (tUs - outline.fromUs) / bucketUs;
  const [first, last] = [Math.floor(index(fromUs)), Math.ceil(index(fromUs + rowUs(view))) - 1];
  const { centreMv, mvPerRow } = scaleOf(outline, first, last);
  const middle = top + frame.row / 2;
  const pxPerMv = (frame.row / mvPerRow) * magnified;
  const yOf = (mv: number) =>
    Math.max(top - frame.row * 0.3, Math.min(top + frame.row * 1.3, middle - (mv - centreMv) * pxPerMv));
  const xOf = (i: number) => frame.xOf(outline.fromUs + (i + 0.5) * bucketUs - fromUs);
  const gaps: [number, number][] = [];
  const gap = (a: number, b: number) => {
    const isGap = b - a > JOINED * bucketUs;
    if (isGap) gaps.push([a, b]);
    return isGap;
  };
  context.save();
  context.beginPath();
  context.rect(GUTTER_PX, top - frame.row * 0.3, frame.width - GUTTER_PX - RIGHT_PX, frame.row * 1.6);
  context.clip();
  const pen = penFor(
    context,
    frame.ratio,
    frame.colour(levelOf(view).rowS >= 900 ? "--beat-mark" : "--ink"),
    levelOf(view).rowS,
  );
  // What lies beside what was loaded is not known to be missing.
  let endedUs = Math.max(fromUs, outline.fromUs);
  let isFirst = true;
  for (let i = Math.max(0, first); i <= Math.min(last, lowMv.length - 1); i++) {
    const [low, high] = [lowMv[i] ?? Number.NaN, highMv[i] ?? Number.NaN];
    if (Number.isNaN(low)) continue;
    const isBroken = gap(endedUs, outline.fromUs + i * bucketUs) || isFirst;
    pen.add(xOf(i), yOf(high), yOf(low), isBroken);
    isFirst = false;
    endedUs = outline.fromUs + (i + 1) * bucketUs;
  }
  pen.end();
  context.restore();
  gap(endedUs, Math.min(fromUs + rowUs(view), outline.fromUs + lowMv.length * bucketUs));
  return gaps;
}

/**
 * What is in the middle of a row, and how much a row is high: the middle of its signal, and what nine of ten seconds of
 * all that is loaded need, so that rows can be compared.
 */
export function scaleOf(outline: Outline, first: number, last: number): { centreMv: number; mvPerRow: number } {
  const [lows, highs]: [number[], number[]] = [[], []];
  for (let i = Math.max(0, first); i <= Math.min(last, outline.lowMv.length - 1); i++) {
    const [low, high] = [outline.lowMv[i] ?? Number.NaN, outline.highMv[i] ?? Number.NaN];
    if (Number.isNaN(low)) continue;
    lows.push(low);
    highs.push(high);
  }
  const [low, high] = [quantile(lows, SELDOM) ?? 0, quantile(highs, 1 - SELDOM) ?? 0];
  return { centreMv: (low + high) / 2, mvPerRow: heightOf(outline) };
}

const heights = new WeakMap<Outline, number>();
const LEAST_MV = 0.5;
/** So many buckets of a row may reach out of it: artefacts, not complexes. */
const SELDOM = 0.004;

function heightOf(outline: Outline): number {
  const known = heights.get(outline);
  if (known !== undefined) return known;
  const ranges: number[] = [];
  const step = Math.max(1, Math.floor(outline.lowMv.length / 4000));
  for (let i = 0; i < outline.lowMv.length; i += step) {
    // As high as the greatest of a second: one bucket of a fine outline is less than a complex.
    const most = i + Math.max(step, Math.ceil(1e6 / outline.bucketUs));
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let j = i; j < Math.min(most, outline.lowMv.length); j++) {
      const [least, greatest] = [outline.lowMv[j] ?? Number.NaN, outline.highMv[j] ?? Number.NaN];
      if (least < low) low = least;
      if (greatest > high) high = greatest;
    }
    if (low <= high) ranges.push(high - low);
  }
  const height = Math.max(LEAST_MV, (quantile(ranges, 0.9) ?? 1) * 1.15);
  heights.set(outline, height);
  return height;
}

function quantile(values: number[], share: number): number | null {
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? null;
}

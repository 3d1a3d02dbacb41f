// A strip of stored ECG: on paper at 25 mm/s, or as an overview. What is not stored is hatched, never joined over.

import type { EcgRecord } from "../api/ecg_record";
import type { Beats, Priority } from "../api/types";
import { LeadBuffer } from "../wave/lead_buffer";
import { rulePaper } from "../wave/paper";
import { extent, fitLead, type Gain, PX_PER_MM, PX_PER_S } from "../wave/scale";
import { beatColours, markBeat } from "../wave/sweep";
import { trace } from "../wave/trace";
import { markOf, shownBeats } from "./beat_corrections";

const TOP_PX = 22;
/** Under the paper: times. */
export const FOOT_PX = 18;
/** Room that a written time takes. */
const NAME_PX = 80;

export interface StripPicture {
  fromUs: number;
  toUs: number;
  lead: LeadBuffer | null;
  beats: Beats | null;
  onset: { atUs: number; priority: Priority; words: string } | null;
  /** Of an overview, which has lines of seconds and not of millimetres; 25 mm/s when left out. */
  pxPerS?: number;
  /** How a second is written under the paper. */
  timeWords: (tUs: number) => string;
}

/** Join records of the lead that most of them are of; null when there are none. */
export function joinRecords(records: readonly EcgRecord[]): LeadBuffer | null {
  const kinds = new Map<string, EcgRecord[]>();
  for (const record of records) {
    if (record.ecgMv.length === 0) continue;
    const kind = `${record.lead}@${record.fsHz}`;
    const same = kinds.get(kind);
    if (same) same.push(record);
    else kinds.set(kind, [record]);
  }
  const most = [...kinds.values()].reduce<EcgRecord[]>((best, some) => (some.length > best.length ? some : best), []);
  const sorted = [...most].sort((a, b) => a.t0Us - b.t0Us);
  const [first] = sorted;
  const last = sorted.at(-1);
  if (first === undefined || last === undefined) return null;
  const lengthS = (last.t0Us - first.t0Us) / 1e6 + last.ecgMv.length / last.fsHz + 1;
  const lead = new LeadBuffer(first.fsHz, first.lead, first.t0Us, lengthS);
  for (const record of sorted) lead.add(record);
  return lead;
}

/** Stretches without samples between two times, longer than a wandering clock explains. */
export function gapsOf(lead: LeadBuffer | null, fromUs: number, toUs: number): [number, number][] {
  if (lead === null) return [[fromUs, toUs]];
  const gaps: [number, number][] = [];
  let begin: number | null = null;
  const [first, last] = [Math.floor(lead.indexOf(fromUs)), Math.ceil(lead.indexOf(toUs))];
  for (let i = first; i <= last; i++) {
    const isMissing = Number.isNaN(lead.at(i));
    if (isMissing && begin === null) begin = i;
    if (!isMissing && begin !== null) {
      gaps.push([lead.timeOf(begin), lead.timeOf(i)]);
      begin = null;
    }
  }
  if (begin !== null) gaps.push([lead.timeOf(begin), toUs]);
  return gaps.filter(([a, b]) => b - a > 50_000);
}

/** Draw the strip and return the gain it was drawn at, mm/mV. */
export function drawStrip(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  ratio: number,
  picture: StripPicture,
): Gain {
  const style = getComputedStyle(context.canvas);
  const colour = (name: string) => style.getPropertyValue(name);
  const pxPerS = picture.pxPerS ?? PX_PER_S;
  const xOf = (tUs: number) => ((tUs - picture.fromUs) / 1e6) * pxPerS;
  const paper = height - FOOT_PX;
  if (picture.pxPerS === undefined) rulePaper(context, width, paper, ratio);
  else ruleSeconds(context, picture, xOf, paper, colour("--paper-bold"));
  context.font = `500 11px ${style.fontFamily}`;
  context.textBaseline = "alphabetic";
  drawTimes(context, picture, xOf, pxPerS, height, colour("--muted"));
  for (const [a, b] of gapsOf(picture.lead, picture.fromUs, picture.toUs)) {
    hatch(context, Math.max(0, xOf(a)), Math.min(width, xOf(b)), paper, colour("--hatch"));
  }
  if (picture.onset)
    drawOnset(context, picture.onset, xOf(picture.onset.atUs), paper, colour, picture.pxPerS === undefined);
  const { lead, beats } = picture;
  if (lead === null) return 10;
  const from = Math.floor(lead.indexOf(picture.fromUs));
  const to = Math.ceil(lead.indexOf(picture.toUs));
  const [low, high] = extent((i) => lead.at(i), from, to) ?? [-1, 1];
  const { gain, centreMv } = fitLead(low, high, paper - TOP_PX - 6, null);
  const middle = TOP_PX + (paper - TOP_PX) / 2;
  context.strokeStyle = colour("--ink");
  context.lineWidth = 1.4;
  context.lineJoin = "round";
  context.beginPath();
  const yOf = (mv: number) => Math.max(TOP_PX, Math.min(paper - 1, middle - (mv - centreMv) * gain * PX_PER_MM));
  trace(
    context,
    (i) => lead.at(i),
    from,
    to,
    (i) => xOf(lead.timeOf(i)),
    yOf,
    lead.fsHz / (pxPerS * ratio),
  );
  context.stroke();
  if (beats) {
    context.font = `600 11px ${style.fontFamily}`;
    context.textAlign = "center";
    for (const beat of shownBeats(beats)) {
      const [tUs, label] = [beat.tUs, markOf(beat)];
      // An overview has no room for what is normal.
      if (picture.pxPerS === undefined || label !== "N") markBeat(context, xOf(tUs), label, beatColours(style));
    }
  }
  return gain;
}

/** How many seconds apart times are written, so that they do not run into each other. Pure. */
export const namedEveryS = (pxPerS: number): number => [2, 5, 10].find((s) => s * pxPerS >= NAME_PX) ?? 20;

function ruleSeconds(
  context: CanvasRenderingContext2D,
  { fromUs, toUs }: StripPicture,
  xOf: (tUs: number) => number,
  height: number,
  colour: string,
): void {
  context.fillStyle = colour;
  for (let tUs = Math.ceil(fromUs / 1e6) * 1e6; tUs <= toUs; tUs += 1e6) context.fillRect(xOf(tUs), 0, 1, height);
}

function drawTimes(
  context: CanvasRenderingContext2D,
  { fromUs, toUs, timeWords }: StripPicture,
  xOf: (tUs: number) => number,
  pxPerS: number,
  height: number,
  colour: string,
): void {
  context.fillStyle = colour;
  context.textAlign = "left";
  const everyUs = namedEveryS(pxPerS) * 1e6;
  for (let tUs = Math.ceil(fromUs / 1e6) * 1e6; tUs <= toUs; tUs += 1e6) {
    const isNamed = tUs % everyUs === 0;
    context.fillRect(xOf(tUs), height - FOOT_PX, 1, isNamed ? 6 : 3);
    const name = timeWords(tUs);
    const fits = xOf(tUs) + 4 + context.measureText(name).width <= xOf(toUs);
    if (isNamed && fits) context.fillText(name, xOf(tUs) + 4, height - 4);
  }
}

function drawOnset(
  context: CanvasRenderingContext2D,
  onset: NonNullable<StripPicture["onset"]>,
  x: number,
  height: number,
  colour: (name: string) => string,
  isBelow: boolean,
): void {
  context.font = `600 12px ${getComputedStyle(context.canvas).fontFamily}`;
  const width = context.measureText(onset.words).width + 14;
  context.fillStyle = colour(`--${onset.priority}-fill`);
  context.fillRect(x - 1, 0, 2, height);
  const top = isBelow ? height - 20 : 0;
  context.fillRect(x - 1, top, width, 20);
  context.fillStyle = colour(`--${onset.priority}-on`);
  context.textAlign = "left";
  context.fillText(onset.words, x + 6, top + 14);
}

/** Slanted lines over a stretch without signal. */
export function hatch(
  context: CanvasRenderingContext2D,
  from: number,
  to: number,
  height: number,
  colour: string,
): void {
  if (to <= from) return;
  context.save();
  context.beginPath();
  context.rect(from, 0, to - from, height);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 3;
  context.beginPath();
  for (let x = from - height - (from % 12); x < to; x += 12) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
  context.restore();
}

// Frames of the wire (version 1): MessagePack arrays in the order of the design's section 5. Pure.
// heartwire/frames.py is their other half; frames.sample.json holds bytes that it made, and both are tested against them.

import { Float, MsgpackError, type Packed, pack, type Unpacked, unpack } from "./msgpack";

/** Bits of an ECG frame's flags. `clockNotSet` is for a clock that nobody corrects, which this app has not. */
export const EcgFlag = {
  leadOff: 1,
  saturated: 2,
  pacer: 4,
  clockNotSet: 8,
  gapBefore: 16,
  clockEstimated: 32,
} as const;

export const FRAME_S_MIN = 0.2;
export const U32_MAX = 0xffff_ffff;
/** Longest text of an event, characters. */
export const TEXT_MAX = 1000;
const RR_MAX = 64;
const RANGES_MAX = 256;

export type Stream = "ecg" | "hr" | "event";

interface Numbered {
  bootId: number;
  seq: number;
  /** UTC microseconds: of the first sample, or of what happened. */
  t0: number;
}

export interface EcgFrame extends Numbered {
  fsMhz: number;
  lead: string;
  /** Units per mV. */
  gain: number;
  baseline: number;
  flags: number;
  samples: Int16Array;
}

export interface HrFrame extends Numbered {
  bpm: number;
  rrMs: readonly number[];
  /** 0 not told, 1 no contact, 2 contact. */
  contact: 0 | 1 | 2;
}

export type EventKind = "symptom" | "message" | "read" | "answer";

export interface EventFrame extends Numbered {
  kind: EventKind;
  text: string;
}

export interface StatusFrame {
  bootId: number;
  t: number;
  online: boolean;
  batteryPercent: number | null;
  firmware: string;
  wearable: string;
  rssiDbm: number | null;
  outboxFrames: number;
  outboxBytesLeft: number;
}

/** What the database has of one stream of one run. */
export interface Ack {
  bootId: number;
  stream: string;
  /** All up to here is there; -1 when nothing is. */
  committed: number;
  /** Ranges below `highest` that are not, both ends included. */
  missing: readonly (readonly [number, number])[];
  highest: number;
}

/** A word of the server: why it does not store what we send, or that there is something new to read. */
export type Word = { kind: "refusal"; bootId: number; code: string; text: string } | { kind: "news"; code: string };

/** Bytes that are no frame that we know. */
export class FrameError extends Error {}

function littleEndian(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(2 * samples.length);
  const view = new DataView(bytes.buffer);
  samples.forEach((sample, i) => {
    view.setInt16(2 * i, sample, true);
  });
  return bytes;
}

export function encodeEcg(frame: EcgFrame): Uint8Array<ArrayBuffer> {
  const { bootId, seq, t0, fsMhz, lead, gain, baseline, flags, samples } = frame;
  return pack([bootId, seq, t0, fsMhz, lead, new Float(gain), baseline, flags, littleEndian(samples)]);
}

/** The same frame with other flags: a frame that was never sent may still be marked. */
export function withFlags(payload: Uint8Array, set: number): Uint8Array<ArrayBuffer> {
  const fields = array(payload, 9);
  const [, , , , , gain, , flags] = fields;
  if (typeof gain !== "number" || typeof flags !== "number") throw new FrameError("no ECG frame");
  const changed = fields.map((field, i): Packed => {
    if (i === 5) return new Float(gain);
    return i === 7 ? flags | set : (field as Packed);
  });
  return pack(changed);
}

export function encodeHr({ bootId, seq, t0, bpm, rrMs, contact }: HrFrame): Uint8Array<ArrayBuffer> {
  return pack([bootId, seq, t0, bpm, rrMs.slice(0, RR_MAX), contact]);
}

export function encodeEvent({ bootId, seq, t0, kind, text }: EventFrame): Uint8Array<ArrayBuffer> {
  return pack([bootId, seq, t0, kind, text]);
}

export function encodeStatus(status: StatusFrame): Uint8Array<ArrayBuffer> {
  return pack([
    status.bootId,
    status.t,
    status.online,
    status.batteryPercent,
    status.firmware.slice(0, 32),
    status.wearable.slice(0, 64),
    status.rssiDbm,
    status.outboxFrames,
    status.outboxBytesLeft,
  ]);
}

function array(payload: Uint8Array, least: number): Unpacked[] {
  let value: Unpacked;
  try {
    value = unpack(payload);
  } catch (problem) {
    if (problem instanceof MsgpackError) throw new FrameError(problem.message);
    throw problem;
  }
  if (!Array.isArray(value) || value.length < least) throw new FrameError(`no array of ${least} fields`);
  return value;
}

const isSeq = (value: Unpacked | undefined, least = 0): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= least && value <= U32_MAX;

function isRange(value: Unpacked): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && isSeq(value[0]) && isSeq(value[1]);
}

/** Read a watermark; throws `FrameError`. Fields that a newer server adds at the end are passed over. */
export function decodeAck(payload: Uint8Array): Ack {
  const [bootId, stream, committed, missing, highest] = array(payload, 5);
  const isWhole =
    isSeq(bootId) &&
    typeof stream === "string" &&
    isSeq(committed, -1) &&
    isSeq(highest, -1) &&
    Array.isArray(missing) &&
    missing.length <= RANGES_MAX &&
    missing.every(isRange);
  if (!isWhole) throw new FrameError("no watermark");
  return { bootId, stream, committed, missing: missing as [number, number][], highest };
}

/** Read a word of the server; throws `FrameError`. */
export function decodeWord(payload: Uint8Array): Word {
  const [first, second, third] = array(payload, 2);
  if (typeof first === "string") return { kind: "news", code: first };
  if (!isSeq(first) || typeof second !== "string") throw new FrameError("no message");
  return { kind: "refusal", bootId: first, code: second, text: typeof third === "string" ? third : "" };
}

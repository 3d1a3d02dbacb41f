import { expect, it } from "vitest";
import { EcgFlag } from "../wire/frames";
import { type Chunk, Framer } from "./framer";

const FS = 130;
const chunk = (first: number, n: number, more: Partial<Chunk> = {}): Chunk => ({
  t0Us: 1e12 + Math.round((first * 1e6) / FS),
  fsHz: FS,
  lead: "ECG",
  gain: 1000,
  flags: 0,
  samples: Int16Array.from({ length: n }, (_, i) => first + i),
  ...more,
});

it("cuts the same frames however the signal comes", () => {
  const whole = new Framer(9);
  const expected = [...whole.push(chunk(0, 1000)), ...whole.flush()];
  const pieces = new Framer(9);
  const frames = [];
  for (let first = 0; first < 1000; first += 73) frames.push(...pieces.push(chunk(first, Math.min(73, 1000 - first))));
  frames.push(...pieces.flush());
  expect(frames).toEqual(expected);
  expect(frames.flatMap((frame) => [...frame.samples])).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  expect(frames.map((frame) => frame.seq)).toEqual(frames.map((_, i) => i));
  for (const { samples } of frames) expect(samples.length).toBeGreaterThanOrEqual(26);
});

it("shows a packet that was lost on the air as a gap, never as squeezed time", () => {
  const framer = new Framer(1);
  const frames = [...framer.push(chunk(0, 73)), ...framer.push(chunk(146, 73)), ...framer.flush()];
  expect(frames.map((frame) => [frame.t0, frame.flags])).toEqual([
    [1e12, 0],
    [1e12 + Math.round((146 * 1e6) / FS), EcgFlag.gapBefore],
  ]);
});

it("follows a wearable's clock without calling it a gap", () => {
  const framer = new Framer(1);
  const frames = [
    ...framer.push(chunk(0, 104)),
    ...framer.push({ ...chunk(104, 208), t0Us: chunk(104, 1).t0Us + 3000 }),
  ];
  expect(frames.map((frame) => frame.flags)).toEqual([0, 0]);
});

it("keeps what holds for samples with them", () => {
  const framer = new Framer(1);
  const frames = [
    ...framer.push(chunk(0, 104)),
    ...framer.push(chunk(104, 104, { flags: EcgFlag.leadOff })),
    ...framer.flush(),
  ];
  expect(frames.map((frame) => frame.flags)).toEqual([0, EcgFlag.leadOff]);
});

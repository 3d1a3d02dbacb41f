import { expect, it } from "vitest";
import { EcgFlag, type Stream } from "../wire/frames";
import { unpack } from "../wire/msgpack";
import { Recorder, toSamples } from "./recorder";

const FS = 130;
const packet = (first: number, n = 73, uv = (i: number) => (i % 100 < 6 ? 1200 : 10)) => ({
  kind: "ecg" as const,
  lastUs: 6e14 + Math.round(((first + n - 1) * 1e6) / FS),
  fsHz: FS,
  lead: "ECG",
  samplesUv: Array.from({ length: n }, (_, i) => uv(first + i)),
});
const arrived = (first: number, n = 73) => 1.764e15 + Math.round(((first + n) * 1e6) / FS);

function recorded(isClockEstimated = false) {
  const put: { stream: Stream; seq: number; fields: unknown[] }[] = [];
  const recorder = new Recorder(
    7,
    (stream, seq, payload) => put.push({ stream, seq, fields: unpack(payload) as unknown[] }),
    () => isClockEstimated,
  );
  return { put, recorder, flags: () => put.filter((one) => one.stream === "ecg").map((one) => one.fields[7]) };
}

it("keeps microvolts as they are, and tells what is beyond 16 bits", () => {
  expect(toSamples([1, -32767, 32767])).toEqual({ samples: Int16Array.of(1, -32767, 32767), isSaturated: false });
  expect(toSamples([40000, -40000])).toEqual({ samples: Int16Array.of(32767, -32767), isSaturated: true });
});

it("tells a break of the connection as a gap, once", () => {
  const { recorder, flags } = recorded();
  for (let n = 0; n < 4; n++) recorder.hearEcg(packet(73 * n), arrived(73 * n));
  recorder.interrupt();
  for (let n = 10; n < 16; n++) recorder.hearEcg(packet(73 * n), arrived(73 * n));
  expect(flags().filter((flag) => flag === EcgFlag.gapBefore)).toHaveLength(1);
});

it("tells no contact as lead off, and a clock that is estimated as such", () => {
  const { recorder, flags } = recorded(true);
  recorder.hearHeartRate({ kind: "heart_rate", bpm: 70, contact: 1, rrMs: [] }, 1.764e15);
  for (let n = 0; n < 4; n++) recorder.hearEcg(packet(73 * n), arrived(73 * n));
  expect(new Set(flags())).toEqual(new Set([EcgFlag.leadOff | EcgFlag.clockEstimated]));
});

it("numbers each stream by itself", () => {
  const { recorder, put } = recorded();
  for (let n = 0; n < 6; n++) {
    recorder.hearEcg(packet(73 * n), arrived(73 * n));
    recorder.hearHeartRate({ kind: "heart_rate", bpm: 70, contact: 2, rrMs: [857] }, 1.764e15 + n);
  }
  for (const stream of ["ecg", "hr"]) {
    const seqs = put.filter((one) => one.stream === stream).map((one) => one.seq);
    expect(seqs).toEqual(seqs.map((_, i) => i));
  }
});

it("follows a clock that is set right by a little, without a gap, and not at once", () => {
  const { recorder, put, flags } = recorded();
  for (let n = 0; n < 6; n++) recorder.hearEcg(packet(73 * n), arrived(73 * n));
  recorder.setClock(200_000);
  const { t0Us } = recorder.hearEcg(packet(73 * 6), arrived(73 * 6) + 200_000);
  expect(Math.abs(t0Us - arrived(73 * 5))).toBeLessThan(20_000);
  for (let n = 7; n < 140; n++) recorder.hearEcg(packet(73 * n), arrived(73 * n) + 200_000);
  const last = recorder.hearEcg(packet(73 * 140), arrived(73 * 140) + 200_000);
  expect(Math.abs(last.t0Us - (arrived(73 * 139) + 200_000))).toBeLessThan(20_000);
  // Meanwhile the times are marked; no sample is taken for lost.
  const marked = flags().map((flag) => flag === EcgFlag.clockEstimated);
  expect(marked.indexOf(true)).toBeGreaterThan(0);
  expect(marked.lastIndexOf(true)).toBeLessThan(marked.length - 1);
  expect(new Set(flags())).toEqual(new Set([0, EcgFlag.clockEstimated]));
  const t0s = put.map((one) => one.fields[2] as number);
  expect(t0s).toEqual(t0s.toSorted((a, b) => a - b));
});

it("tells a clock that is set ahead by much as a gap, and begins a run where it was set back", () => {
  const { recorder, put } = recorded();
  for (let n = 0; n < 6; n++) recorder.hearEcg(packet(73 * n), arrived(73 * n));
  recorder.setClock(3_600_000_000);
  for (let n = 6; n < 12; n++) recorder.hearEcg(packet(73 * n), arrived(73 * n) + 3_600_000_000);
  recorder.interrupt();
  recorder.beginRun(8);
  for (let n = 12; n < 18; n++) recorder.hearEcg(packet(73 * n), arrived(73 * n));
  const gaps = put.filter((one) => ((one.fields[7] as number) & EcgFlag.gapBefore) !== 0);
  expect(gaps).toHaveLength(1);
  expect((gaps[0]?.fields[2] as number) - arrived(73 * 5)).toBeGreaterThan(3_599_000_000);
  const second = put.filter((one) => one.fields[0] === 8).map((one) => one.seq);
  expect(second).toEqual(second.map((_, i) => i));
  const samples = put.reduce((sum, one) => sum + (one.fields[8] as Uint8Array).length / 2, 0);
  expect(samples).toBeGreaterThan(73 * 18 - 130 - 26); // nothing but what the last frame still gathers
});

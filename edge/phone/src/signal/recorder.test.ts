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

function recorded(isClockWrong = false) {
  const put: { stream: Stream; seq: number; fields: unknown[] }[] = [];
  const recorder = new Recorder(
    7,
    (stream, seq, payload) => put.push({ stream, seq, fields: unpack(payload) as unknown[] }),
    () => isClockWrong,
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

it("tells no contact as lead off, and a wrong clock as such", () => {
  const { recorder, flags } = recorded(true);
  recorder.hearHeartRate({ kind: "heart_rate", bpm: 70, contact: 1, rrMs: [] }, 1.764e15);
  for (let n = 0; n < 4; n++) recorder.hearEcg(packet(73 * n), arrived(73 * n));
  expect(new Set(flags())).toEqual(new Set([EcgFlag.leadOff | EcgFlag.clockNotSet]));
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

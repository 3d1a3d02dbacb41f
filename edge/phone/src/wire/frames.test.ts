import { expect, it } from "vitest";
import {
  decodeAck,
  decodeWord,
  EcgFlag,
  encodeEcg,
  encodeEvent,
  encodeHr,
  encodeStatus,
  FrameError,
  withFlags,
} from "./frames";
import sample from "./frames.sample.json";

const T0 = 1_764_158_400_123_456;
const BOOT = 1_764_158_400;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
const ecg = {
  bootId: BOOT,
  seq: 7,
  t0: T0,
  fsMhz: 130_000,
  lead: "ECG",
  gain: 1000,
  baseline: 0,
  flags: EcgFlag.leadOff | EcgFlag.gapBefore,
  samples: Int16Array.of(0, 1, -1, 127, -128, 32767, -32768, 1000),
};

it("writes ECG as heartwire.frames does, byte for byte", () => {
  expect(hex(encodeEcg(ecg))).toBe(sample.ecg);
  const samples = new Int16Array(Uint8Array.from({ length: 512 }, (_, i) => i % 256).buffer);
  const long = { ...ecg, bootId: 1, seq: 65_536, baseline: -12, flags: 0, samples };
  expect(hex(encodeEcg(long))).toBe(sample.ecg_long);
});

it("writes heart rates, events and statuses likewise", () => {
  expect(hex(encodeHr({ bootId: BOOT, seq: 0, t0: T0, bpm: 72, rrMs: [833, 5, 300], contact: 2 }))).toBe(sample.hr);
  expect(hex(encodeHr({ bootId: 5, seq: 4_294_967_295, t0: T0, bpm: 300, rrMs: [], contact: 0 }))).toBe(sample.hr_bare);
  const text = '{"press":"a","chips":["dizzy"],"note":"tête qui tourne ♥"}';
  expect(hex(encodeEvent({ bootId: BOOT, seq: 3, t0: T0, kind: "symptom", text }))).toBe(sample.event);
  const long = { bootId: BOOT, seq: 200, t0: T0, kind: "message" as const, text: "é".repeat(1000) };
  expect(hex(encodeEvent(long))).toBe(sample.event_long);
  const status = {
    bootId: BOOT,
    t: T0,
    online: true,
    batteryPercent: 87,
    firmware: "heartwire phone",
    wearable: "Polar H10 1234ABCD",
    rssiDbm: -60,
    outboxFrames: 12,
    outboxBytesLeft: 268_000_000,
  };
  expect(hex(encodeStatus(status))).toBe(sample.status);
  const bare = { bootId: 1, t: T0, online: false, batteryPercent: null, firmware: "", wearable: "", rssiDbm: null };
  expect(hex(encodeStatus({ ...bare, outboxFrames: 0, outboxBytesLeft: 2 ** 40 }))).toBe(sample.status_bare);
});

it("reads watermarks", () => {
  const missing = [
    [45, 45],
    [50, 300],
  ];
  expect(decodeAck(bytes(sample.ack))).toEqual({
    bootId: BOOT,
    stream: "ecg",
    committed: 41,
    missing,
    highest: 70_000,
  });
  expect(decodeAck(bytes(sample.ack_none))).toEqual({
    bootId: 9,
    stream: "event",
    committed: -1,
    missing: [],
    highest: -1,
  });
});

it("reads why the server stores nothing, and that there is something to read", () => {
  const refusal = { kind: "refusal", bootId: BOOT, code: "revoked_device", text: "the device was shut out" };
  expect(decodeWord(bytes(sample.message))).toEqual(refusal);
  // ["message", "m1", 0, "hello"]
  expect(decodeWord(bytes("94a76d657373616765a26d3100a568656c6c6f"))).toEqual({ kind: "news", code: "message" });
});

it("marks a gap in a frame that is written already, and changes nothing else", () => {
  const marked = withFlags(encodeEcg({ ...ecg, flags: 1 }), EcgFlag.gapBefore);
  expect(hex(marked)).toBe(sample.ecg);
});

it("throws nothing but FrameError, whatever the bytes", () => {
  const whole = bytes(sample.ack);
  for (let length = 0; length < whole.length; length++) {
    expect(() => decodeAck(whole.slice(0, length))).toThrow(FrameError);
  }
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed;
  };
  for (let round = 0; round < 1000; round++) {
    const garbage = whole.map((byte) => (random() % 4 === 0 ? random() % 256 : byte));
    for (const decode of [decodeAck, decodeWord]) {
      try {
        decode(garbage);
      } catch (problem) {
        expect(problem).toBeInstanceOf(FrameError);
      }
    }
  }
});

import { describe, expect, it } from "vitest";
import { packRecord } from "../api/ecg_record.sample";
import { readMessages } from "./messages";

const text = (type: number, value: string): ArrayBuffer =>
  new Uint8Array([type, ...new TextEncoder().encode(value)]).buffer;

function readMessage(bytes: ArrayBuffer) {
  const [message, ...others] = readMessages(bytes);
  expect(others).toEqual([]);
  return message;
}

/** Several messages as one. */
function together(...messages: ArrayBuffer[]): ArrayBuffer {
  const parts = messages.flatMap((message) => {
    const length = new Uint8Array(Uint32Array.of(message.byteLength).buffer);
    return [...length, ...new Uint8Array(message)];
  });
  return Uint8Array.of(4, ...parts).buffer;
}

describe("a live message", () => {
  it("is a picture of the ward", () => {
    const message = readMessage(text(1, JSON.stringify({ kind: "ward", now_us: 5, patients: [], alarms: [] })));
    expect(message).toMatchObject({ kind: "ward", ward: { now_us: 5 } });
  });

  it("is a stretch of ECG", () => {
    const message = readMessage(packRecord().buffer as ArrayBuffer);
    expect(message?.kind === "ecg" && message.record.patientId).toBe(7);
  });

  it("is new beats", () => {
    const message = readMessage(text(3, '{"patient_id":7,"t_us":[1,2],"label":"NV"}'));
    expect(message).toEqual({ kind: "beats", beats: { patient_id: 7, t_us: [1, 2], label: "NV" } });
  });

  it("of a newer server is left alone", () => {
    expect(readMessage(text(9, "?"))).toEqual({ kind: "unknown" });
    expect(readMessage(text(1, '{"kind":"weather"}'))).toEqual({ kind: "unknown" });
  });

  it("may hold several, in their order", () => {
    const beats = text(3, '{"patient_id":7,"t_us":[1],"label":"N"}');
    const found = readMessages(together(beats, packRecord().buffer as ArrayBuffer, text(9, "?")));
    expect(found.map(({ kind }) => kind)).toEqual(["beats", "ecg", "unknown"]);
    expect(found[1]).toEqual(readMessage(packRecord().buffer as ArrayBuffer));
  });

  it("that is cut short among several throws", () => {
    const whole = together(text(9, "?"), text(9, "longer"));
    for (let cut = 2; cut < whole.byteLength; cut++) {
      if (cut !== 7) expect(() => readMessages(whole.slice(0, cut))).toThrow(); // 7: the first one, whole
    }
  });

  it("that is damaged throws", () => {
    expect(() => readMessage(text(1, '{"kind":'))).toThrow();
    expect(() => readMessage(new Uint8Array([1, 0xff]).buffer)).toThrow();
    expect(() => readMessage(new Uint8Array([2, 1, 0]).buffer)).toThrow();
  });
});

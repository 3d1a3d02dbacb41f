import { describe, expect, it } from "vitest";
import { packRecord } from "../api/ecg_record.sample";
import { readMessage } from "./messages";

const text = (type: number, value: string): ArrayBuffer =>
  new Uint8Array([type, ...new TextEncoder().encode(value)]).buffer;

describe("a live message", () => {
  it("is a picture of the ward", () => {
    const message = readMessage(text(1, JSON.stringify({ kind: "ward", now_us: 5, patients: [], alarms: [] })));
    expect(message).toMatchObject({ kind: "ward", ward: { now_us: 5 } });
  });

  it("is a stretch of ECG", () => {
    const message = readMessage(packRecord().buffer as ArrayBuffer);
    expect(message.kind === "ecg" && message.record.patientId).toBe(7);
  });

  it("is new beats", () => {
    const message = readMessage(text(3, '{"patient_id":7,"t_us":[1,2],"label":"NV"}'));
    expect(message).toEqual({ kind: "beats", beats: { patient_id: 7, t_us: [1, 2], label: "NV" } });
  });

  it("of a newer server is left alone", () => {
    expect(readMessage(text(9, "?"))).toEqual({ kind: "unknown" });
    expect(readMessage(text(1, '{"kind":"weather"}'))).toEqual({ kind: "unknown" });
  });

  it("that is damaged throws", () => {
    expect(() => readMessage(text(1, '{"kind":'))).toThrow();
    expect(() => readMessage(new Uint8Array([1, 0xff]).buffer)).toThrow();
    expect(() => readMessage(new Uint8Array([2, 1, 0]).buffer)).toThrow();
  });
});

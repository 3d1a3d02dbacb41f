import { describe, expect, it } from "vitest";
import { EcgRecordError, readEcgRecord, readEcgRecords } from "./ecg_record";
import { packRecord } from "./ecg_record.sample";

const framed = (...records: Uint8Array[]): ArrayBuffer => {
  const whole = new Uint8Array(records.reduce((sum, record) => sum + 4 + record.length, 0));
  let at = 0;
  for (const record of records) {
    new DataView(whole.buffer).setUint32(at, record.length, true);
    whole.set(record, at + 4);
    at += 4 + record.length;
  }
  return whole.buffer;
};

describe("an ECG record", () => {
  it("gives time, rate, lead and millivolts", () => {
    const record = readEcgRecord(packRecord({ flags: 17 }).buffer as ArrayBuffer);
    expect(record).toMatchObject({ patientId: 7, t0Us: 1_700_000_000_123_456, fsHz: 250, lead: "MLII", flags: 17 });
    expect(Array.from(record.ecgMv)).toEqual([0.05, 0.55, -163.79, 163.885].map((mv) => Math.fround(mv)));
  });

  it("has a lead of odd length padded", () => {
    const record = readEcgRecord(packRecord({ lead: "V", samples: [190] }).buffer as ArrayBuffer);
    expect(record.lead).toBe("V");
    expect(record.ecgMv[0]).toBe(1);
  });

  it.each([
    ["another type", packRecord({ type: 3 })],
    ["another version", packRecord({ version: 2 })],
    ["no gain", packRecord({ gain: 0 })],
    ["a gain that is no number", packRecord({ gain: Number.NaN })],
    ["no sampling rate", packRecord({ fsMhz: 0 })],
    ["samples cut short", packRecord().slice(0, -1)],
    ["a header cut short", packRecord().slice(0, 29)],
  ])("with %s is refused", (_what, bytes) => {
    expect(() => readEcgRecord(bytes.slice().buffer as ArrayBuffer)).toThrow(EcgRecordError);
  });
});

describe("records behind their lengths", () => {
  it("are read one after the other, from odd places too", () => {
    const bytes = framed(packRecord({ lead: "I", samples: [1] }), packRecord({ patient: 8 }));
    expect(readEcgRecords(bytes).map(({ patientId }) => patientId)).toEqual([7, 8]);
    expect(readEcgRecords(new ArrayBuffer(0))).toEqual([]);
  });

  it("are refused when cut short or too long", () => {
    const whole = framed(packRecord());
    expect(() => readEcgRecords(whole.slice(0, -1))).toThrow(EcgRecordError);
    expect(() => readEcgRecords(framed(packRecord(), new Uint8Array(0)).slice(0, -1))).toThrow(EcgRecordError);
  });
});

import { describe, expect, it } from "vitest";
import type { EcgRecord } from "../api/ecg_record";
import { LeadBuffer } from "./lead_buffer";

const FS = 100;
const record = (t0S: number, values: number[], flags = 0): EcgRecord => ({
  patientId: 1,
  flags,
  t0Us: t0S * 1e6,
  fsHz: FS,
  lead: "II",
  ecgMv: Float32Array.from(values),
});
const second = (value: number) => Array.from({ length: FS }, () => value);

describe("a lead's buffer", () => {
  it("joins frames whose clock wanders a little", () => {
    const buffer = new LeadBuffer(FS, "II", 0);
    buffer.add(record(0, second(1)));
    buffer.add(record(1.012, second(2)));
    expect([buffer.at(99), buffer.at(100)]).toEqual([1, 2]);
    expect(buffer.endUs).toBeCloseTo(2.012e6);
  });

  it("leaves a gap where frames are missing", () => {
    const buffer = new LeadBuffer(FS, "II", 0);
    buffer.add(record(0, second(1)));
    buffer.add(record(3, second(2)));
    expect(buffer.at(99)).toBe(1);
    expect([buffer.at(100), buffer.at(299)]).toEqual([Number.NaN, Number.NaN]);
    expect(buffer.at(300)).toBe(2);
  });

  it("fills a gap when the missing frame comes after all", () => {
    const buffer = new LeadBuffer(FS, "II", 0);
    buffer.add(record(0, second(1)));
    buffer.add(record(2, second(3)));
    buffer.add(record(1, second(2)));
    expect([buffer.at(99), buffer.at(100), buffer.at(199), buffer.at(200)]).toEqual([1, 2, 2, 3]);
  });

  it("forgets what is older than it holds, and never shows it as new", () => {
    const buffer = new LeadBuffer(FS, "II", 0, 2);
    for (let s = 0; s < 5; s++) buffer.add(record(s, second(s)));
    expect(buffer.at(299)).toBeNaN();
    expect([buffer.at(300), buffer.at(499)]).toEqual([3, 4]);
    expect(buffer.at(500)).toBeNaN();
  });

  it("survives a jump of hours", () => {
    const buffer = new LeadBuffer(FS, "II", 0);
    buffer.add(record(0, second(1)));
    buffer.add(record(7200, second(2)));
    expect(buffer.at(720_000)).toBe(2);
    expect(buffer.at(719_999)).toBeNaN();
  });
});

import { describe, expect, it } from "vitest";
import type { EcgRecord } from "../api/ecg_record";
import { gapsOf, joinRecords } from "./strip_drawing";
import { axis, runs, timeStep, trendTime, trendX } from "./trend_drawing";

const record = (t0S: number, lengthS: number, lead = "II"): EcgRecord => ({
  patientId: 1,
  flags: 0,
  t0Us: t0S * 1e6,
  fsHz: 250,
  lead,
  ecgMv: new Float32Array(250 * lengthS).fill(1),
});

describe("a strip", () => {
  it("is of the lead that most of it is in, in order", () => {
    const lead = joinRecords([record(3, 1), record(0, 1, "V1"), record(2, 1)]);
    expect(lead?.lead).toBe("II");
    expect(lead?.timeOf(0)).toBe(2e6);
    expect(lead?.endUs).toBeCloseTo(4e6);
  });

  it("knows where nothing is stored", () => {
    const lead = joinRecords([record(2, 1), record(5, 1)]);
    const gaps = gapsOf(lead, 1e6, 7e6).map(([a, b]) => [Math.round(a / 1e4) / 100, Math.round(b / 1e4) / 100]);
    expect(gaps).toEqual([
      [1, 2],
      [3, 5],
      [6, 7],
    ]);
    expect(gapsOf(null, 1, 2)).toEqual([[1, 2]]);
    expect(joinRecords([])).toBeNull();
  });

  it("has no gap where clocks only wander", () => {
    const lead = joinRecords([record(2, 1), record(3.015, 1)]);
    expect(gapsOf(lead, 2.1e6, 3.9e6)).toEqual([]);
  });
});

describe("a trend", () => {
  it("is broken where there are no beats", () => {
    expect(runs([null, 60, 61, null, null, 70])).toEqual([
      [1, 2],
      [5, 5],
    ]);
    expect(runs([null])).toEqual([]);
  });

  it("has an axis that holds everything", () => {
    expect(axis([])).toEqual([40, 140]);
    expect(axis([31, null, 187])).toEqual([20, 200]);
  });

  it("gives the time under the pointer, and back", () => {
    const x = trendX(5e6, 800, 0, 10e6);
    expect(trendTime(x, 800, 0, 10e6)).toBeCloseTo(5e6);
  });

  it("has marks that can be read apart", () => {
    for (const spanS of [3600, 6 * 3600, 24 * 3600, 7 * 86_400, 30 * 86_400]) {
      for (const width of [300, 700, 1800]) expect((timeStep(spanS, width) / spanS) * width).toBeGreaterThanOrEqual(64);
    }
    expect(timeStep(30 * 86_400, 1800)).toBe(2 * 86_400);
  });
});

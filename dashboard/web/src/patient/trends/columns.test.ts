import { describe, expect, it } from "vitest";
import { bucketFor, burden, columnsOf } from "./columns";

const HOUR_US = 3600e6;
const FROM_US = 1000 * HOUR_US;

const trends = {
  from_us: FROM_US,
  bucket_s: 1800,
  beats: [2000, 2000, null, 1900],
  supraventricular: [1, 0, null, 3],
  ventricular: [10, 0, null, 5],
  corrected: 0,
  af_share: [0.5, 0, 0, 1],
  battery_percent: [null, 80, 80, 79],
};
const stored = { from_us: FROM_US, bucket_s: 1800, coverage: [1, 1, 0, 0.5] };
const variability = {
  hour_us: [FROM_US, FROM_US + HOUR_US],
  sdnn_ms: [120.4, null],
  rmssd_ms: [30, 28],
  lf_ms2: [null, null],
  hf_ms2: [null, null],
  coverage: [1, 1],
  nn: [1, 1],
};

describe("trends", () => {
  const columns = columnsOf(trends, stored, variability);

  it("count ectopic beats by the hour, and know where nothing is known", () => {
    expect(columns.ventricular).toEqual([20, 0, null, 10]);
    expect(columns.supraventricular).toEqual([2, 0, null, 6]);
    expect(columns.fibrillation).toEqual([50, 0, null, 100]);
    expect(columns.coverage).toEqual([100, 100, 0, 50]);
    expect(columns.battery).toEqual([null, 80, 80, 79]);
  });

  it("show what is counted by hour in each bucket of the hour", () => {
    expect(columns.sdnnMs).toEqual([120, 120, null, null]);
    expect(columns.rmssdMs).toEqual([30, 30, 28, 28]);
    const day = columnsOf({ ...trends, from_us: 0, bucket_s: 7200, beats: [0, 0] }, stored, {
      ...variability,
      hour_us: [0, HOUR_US],
      sdnn_ms: [100, 110],
    });
    expect(day.sdnnMs).toEqual([105, null]);
  });

  it("tell the burden of atrial fibrillation of the signal there is", () => {
    // Half of the first half hour, and all of the quarter that is known of the last: of an hour and a quarter.
    expect(burden(columns)).toBeCloseTo(0.4);
    expect(burden({ ...columns, coverage: [0, 0, 0, 0] })).toBeNull();
  });

  it("have some hundred buckets", () => {
    for (const hours of [1, 6, 24, 168, 720]) {
      const n = (hours * 3600) / bucketFor(hours);
      expect(n).toBeGreaterThanOrEqual(60);
      expect(n).toBeLessThanOrEqual(130);
    }
  });
});

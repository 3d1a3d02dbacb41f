import { expect, it } from "vitest";
import { freshness, isAnalysed, isStoring } from "./freshness";

const NOW_US = 1e12;
const of = (sampleS: number | null, receivedS: number | null) =>
  freshness(
    {
      last_sample_us: sampleS === null ? null : NOW_US - sampleS * 1e6,
      last_received_us: receivedS === null ? null : NOW_US - receivedS * 1e6,
    },
    NOW_US,
  );

it.each([
  ["nothing ever came", null, null, "never"],
  ["all is well", 1, 0.5, "fresh"],
  ["it is a little late", 6, 6, "late"],
  ["nothing comes any more", 60, 60, "quiet"],
  ["nothing comes, and the device's clock runs an hour ahead", -3600, 60, "quiet"],
  ["what comes is of yesterday", 86_400, 0.5, "quiet"],
])("when %s", (_what, sampleS, receivedS, kind) => {
  expect(of(sampleS, receivedS).kind).toBe(kind);
});

it("never counts below zero", () => {
  expect(of(-3, -1)).toEqual({ kind: "fresh", ageS: 0 });
});

it("knows when the engine's word is old", () => {
  expect(isAnalysed({ analysed_until_us: NOW_US - 3e6 }, NOW_US)).toBe(true);
  expect(isAnalysed({ analysed_until_us: NOW_US - 30e6 }, NOW_US)).toBe(false);
  expect(isAnalysed({ analysed_until_us: null }, NOW_US)).toBe(false);
});

it("knows that nothing is stored as long as the alarm about it lasts", () => {
  expect(isStoring([])).toBe(true);
  expect(isStoring([{ call: "broker_unreachable", ended_us: null }])).toBe(true);
  expect(isStoring([{ call: "ingest_silent", ended_us: null }])).toBe(false);
  expect(isStoring([{ call: "ingest_silent", ended_us: NOW_US }])).toBe(true);
});

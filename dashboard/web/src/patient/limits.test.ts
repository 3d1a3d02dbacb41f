import { describe, expect, it } from "vitest";
import type { Call, Limit } from "../api/types";
import { byCall, changedLimits, effectiveLimits, settable } from "./limits";

const call = (code: string, limits: Record<string, Limit>, family: Call["family"] = "clinical"): Call => ({
  code,
  names: { en: code, fr: code, de: code },
  priority: "medium",
  family,
  latching: false,
  implies: [],
  limits,
});

const bpm = (byDefault: number): Limit => ({ default: byDefault, low: 20, high: 250, unit: "1/min" });
const seconds = (byDefault: number): Limit => ({ default: byDefault, low: 1, high: 30, unit: "s" });

const CALLS = [
  call("asystole", { seconds: seconds(4) }),
  call("tachycardia", { bpm: bpm(120) }),
  call("couplet", {}),
  call("lead_off", { seconds: seconds(3) }, "technical"),
];

const said = (own: Record<string, Record<string, number>>) =>
  effectiveLimits(CALLS, own).map(({ call, value, unit, isOwn }) => [call, value, unit, isOwn]);

it("shows the catalogue's defaults of clinical calls where nothing was set", () => {
  expect(said({})).toEqual([
    ["asystole", 4, "s", false],
    ["tachycardia", 120, "1/min", false],
  ]);
});

it("shows a patient's own limit in place of the default, of technical calls too", () => {
  expect(said({ tachycardia: { bpm: 130 }, lead_off: { seconds: 10 } })).toEqual([
    ["asystole", 4, "s", false],
    ["tachycardia", 130, "1/min", true],
    ["lead_off", 10, "s", true],
  ]);
});

it("marks a limit as own though it equals the default: it stays when the default changes", () => {
  expect(said({ tachycardia: { bpm: 120 } })[1]).toEqual(["tachycardia", 120, "1/min", true]);
});

it("does not show what the analysis does not use", () => {
  const own = { asystole: { seconds: 31 }, tachycardia: { bpm: Number.NaN, seconds: 5 }, flutter: { bpm: 100 } };
  expect(said(own)).toEqual(said({}));
});

it("keeps the limits of a call that has several together, each with whose it is", () => {
  const beats: Limit = { default: 5, low: 3, high: 15, unit: "beats" };
  const calls = [call("ventricular_tachycardia", { beats, bpm: bpm(100) }), ...CALLS];
  const grouped = byCall(effectiveLimits(calls, { ventricular_tachycardia: { bpm: 120 } }));
  expect([...grouped.keys()]).toEqual(["ventricular_tachycardia", "asystole", "tachycardia"]);
  expect(grouped.get("ventricular_tachycardia")?.map(({ value, unit, isOwn }) => [value, unit, isOwn])).toEqual([
    [5, "beats", false],
    [120, "1/min", true],
  ]);
});

describe("what was typed", () => {
  const known = new Map(
    ["tachycardia", "bradycardia"].map((code) => [
      code,
      {
        code,
        names: { en: code, fr: code, de: code },
        priority: "medium" as const,
        family: "clinical" as const,
        latching: false,
        implies: [],
        limits: { bpm: { default: 120, low: 60, high: 220, unit: "1/min" } },
      },
    ]),
  );

  it("is sent where it differs from what holds, and given back where it was emptied", () => {
    const own = { tachycardia: { bpm: 130 }, bradycardia: { bpm: 45 } };
    const typed = { tachycardia: { bpm: "" }, bradycardia: { bpm: "45" }, hiccup: { bpm: "5" } };
    expect(changedLimits(known, own, typed)).toEqual({ tachycardia: { bpm: null } });
    expect(changedLimits(known, {}, { tachycardia: { bpm: "128" }, bradycardia: { bpm: "" } })).toEqual({
      tachycardia: { bpm: 128 },
    });
    expect(changedLimits(known, {}, { tachycardia: { bpm: "x" } })).toEqual({});
  });
});

it("leaves limits of the system itself alone, and calls that have none", () => {
  const limits = { seconds: { default: 10, low: 5, high: 120, unit: "s" } };
  const some = [
    call("lead_off", limits, "technical"),
    call("broker_unreachable", limits, "technical"),
    call("alarm_unaccounted", limits, "technical"),
    call("notifier_silent", limits, "technical"),
    call("noise", {}),
  ];
  expect(settable(some).map(({ code }) => code)).toEqual(["lead_off"]);
});

import { afterEach, beforeEach, expect, it } from "vitest";
import type { Call } from "../api/types";
import { language } from "./language";
import { measured, quantity } from "./quantities";
import { calls } from "./words";

const TACHYCARDIA: Call = {
  code: "ventricular_tachycardia",
  names: { en: "Ventricular tachycardia", fr: "Tachycardie ventriculaire", de: "Ventrikuläre Tachykardie" },
  priority: "high",
  family: "clinical",
  latching: true,
  implies: [],
  limits: {
    beats: { default: 5, low: 3, high: 15, unit: "beats" },
    bpm: { default: 100, low: 90, high: 150, unit: "1/min" },
  },
};

beforeEach(() => {
  language.value = "en";
  calls.value = new Map([[TACHYCARDIA.code, TACHYCARDIA]]);
});
afterEach(() => {
  calls.value = new Map();
});

it("says each unit of the catalogue in words", () => {
  const said = [
    [5, "beats"],
    [1, "beats"],
    [100, "1/min"],
    [2.5, "s"],
    [15, "%"],
    [3, "mV"],
  ].map(([value, unit]) => quantity(value as number, unit as string));
  expect(said).toEqual(["5 beats", "1 beat", "100 /min", "2.5 s", "15%", "3 mV"]);
});

it("says them in French", () => {
  language.value = "fr";
  expect(quantity(5, "beats")).toBe("5 battements");
  expect(quantity(1, "beats")).toBe("1 battement");
  expect(quantity(2.5, "s")).toBe("2,5 s");
});

it("says what an alarm measured, in the units and in the order of its call", () => {
  expect(measured({ call: "ventricular_tachycardia", detail: { bpm: 156.4, beats: 7 } })).toEqual([
    "7 beats",
    "156.4 /min",
  ]);
});

it("knows the units of calls without limits, and leaves out what it does not know", () => {
  const detail = { seconds: 20, by: "asystole", reason: "another_patient", bpm: null, magic: 3 };
  expect(measured({ call: "noise", detail })).toEqual(["20 s"]);
  expect(measured({ call: "couplet", detail: { bpm: 120, beats: 2 } })).toEqual(["120 /min", "2 beats"]);
});

import { describe, expect, it } from "vitest";
import { language } from "./language";
import { clockMark, clockTime, dayAndTime, hourMinute } from "./numbers";
import { daysBefore, fieldOf, HERE, instantOf, isElsewhere, isUnclear, marksBetween, offsetUs, usable } from "./zone";

const ZURICH = "Europe/Zurich";
const TOKYO = "Asia/Tokyo";
const HOUR_US = 3600e6;
const at = (utc: string) => Date.parse(`${utc}Z`) * 1000;

/** In 2026 clocks are turned ahead on 29 March and back on 25 October, at 1:00 UTC. */
describe("a zone's clock", () => {
  it("is as far from UTC as it is then, to the second of the turn", () => {
    expect(offsetUs(at("2026-03-29T00:59:59"), ZURICH)).toBe(HOUR_US);
    expect(offsetUs(at("2026-03-29T01:00:00"), ZURICH)).toBe(2 * HOUR_US);
    expect(offsetUs(at("2026-10-25T00:59:59"), ZURICH)).toBe(2 * HOUR_US);
    expect(offsetUs(at("2026-10-25T01:00:00"), ZURICH)).toBe(HOUR_US);
    expect(offsetUs(at("2026-07-01T00:00:00"), "Asia/Kolkata")).toBe(5.5 * HOUR_US);
    expect(offsetUs(at("1969-12-31T23:00:00"), "UTC")).toBe(0);
  });

  it("could be mistaken where another's shows another time, and where it shows one twice", () => {
    const noon = at("2026-11-26T12:00:00");
    expect(isUnclear(noon, ZURICH, TOKYO)).toBe(true);
    expect(isUnclear(noon, ZURICH, "Europe/Berlin")).toBe(false);
    const clear = (utc: string) => !isUnclear(at(utc), ZURICH, ZURICH);
    expect([clear("2026-10-24T23:59:59"), clear("2026-10-25T02:00:00")]).toEqual([true, true]);
    expect([clear("2026-10-25T00:00:00"), clear("2026-10-25T01:59:59")]).toEqual([false, false]);
    // Turned ahead nothing comes twice.
    expect([clear("2026-03-29T00:59:59"), clear("2026-03-29T01:00:00")]).toEqual([true, true]);
  });

  it("is elsewhere if it differs at any time of the year", () => {
    const winter = at("2026-12-01T12:00:00");
    expect(isElsewhere("Europe/London", winter, "UTC")).toBe(true);
    expect(isElsewhere(ZURICH, winter, "Europe/Berlin")).toBe(false);
  });

  it("is UTC's where this browser does not know the zone", () => {
    expect([usable("Mars/Olympus"), usable(ZURICH)]).toEqual(["UTC", ZURICH]);
  });
});

describe("a time that is entered", () => {
  it("comes back as it was", () => {
    for (const utc of ["2026-11-26T14:03:00", "2026-03-29T00:30:00", "2026-03-29T01:30:00", "2026-10-25T01:30:00"]) {
      for (const of of [ZURICH, TOKYO, "America/St_Johns"]) {
        expect(instantOf(fieldOf(at(utc), of), of, "last")).toBe(at(utc));
      }
    }
    expect(fieldOf(at("2026-11-26T14:03:05"), ZURICH, { seconds: true })).toBe("2026-11-26T15:03:05");
    expect(instantOf("", ZURICH)).toBeNull();
  });

  it("is the first or the last of two, and none that is left out", () => {
    expect(instantOf("2026-10-25T02:30", ZURICH)).toBe(at("2026-10-25T00:30:00"));
    expect(instantOf("2026-10-25T02:30", ZURICH, "last")).toBe(at("2026-10-25T01:30:00"));
    expect(instantOf("2026-03-29T02:30", ZURICH)).toBe(at("2026-03-29T01:30:00"));
  });
});

describe("days of a ward", () => {
  it("have 23 or 25 hours when clocks are turned", () => {
    expect(daysBefore(at("2026-03-29T12:00:00"), 1, ZURICH)).toBe(at("2026-03-28T13:00:00"));
    expect(daysBefore(at("2026-10-25T13:00:00"), 1, ZURICH)).toBe(at("2026-10-24T12:00:00"));
    expect(daysBefore(at("2026-10-25T13:00:00"), 1, TOKYO)).toBe(at("2026-10-24T13:00:00"));
  });

  it("have their marks on full hours of the wall's clock on both sides of the turn", () => {
    const hours = (from: string, to: string, stepUs: number) =>
      marksBetween(at(from), at(to), stepUs, ZURICH).map((tUs) => fieldOf(tUs, ZURICH).slice(11));
    expect(hours("2026-03-28T21:30:00", "2026-03-29T12:00:00", 4 * HOUR_US)).toEqual([
      "00:00",
      "04:00",
      "08:00",
      "12:00",
    ]);
    expect(hours("2026-10-24T21:30:00", "2026-10-25T12:00:00", 4 * HOUR_US)).toEqual([
      "00:00",
      "04:00",
      "08:00",
      "12:00",
    ]);
    expect(hours("2026-10-24T23:30:00", "2026-10-25T02:00:00", HOUR_US)).toEqual(["02:00", "02:00", "03:00"]);
    expect(hours("2026-03-28T23:30:00", "2026-03-29T02:00:00", HOUR_US)).toEqual(["01:00", "03:00", "04:00"]);
    expect(hours("2026-10-24T23:30:00", "2026-10-28T23:30:00", 24 * HOUR_US)).toEqual([
      "00:00",
      "00:00",
      "00:00",
      "00:00",
    ]);
  });
});

describe("a time that is read", () => {
  it("says its zone where it could be mistaken, in each language", () => {
    const twice = at("2026-10-25T00:30:00");
    const found = { en: "02:30 CEST", fr: "02:30 UTC+2", de: "02:30 MESZ" };
    for (const [spoken, text] of Object.entries(found)) {
      language.value = spoken as "en" | "fr" | "de";
      expect(hourMinute(twice, ZURICH)).toBe(text);
      expect(hourMinute(twice + HOUR_US, ZURICH)).not.toBe(text);
      expect(dayAndTime(twice, ZURICH)).toContain("02:30:00");
    }
    language.value = "en";
  });

  it("says nothing where it is what the reader's own clock shows", () => {
    const noon = at("2026-11-26T12:00:00");
    expect(clockTime(noon, HERE)).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(clockMark(noon, TOKYO)).toBe("21:00:00");
  });
});

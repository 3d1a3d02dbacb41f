import { describe, expect, it } from "vitest";
import { fieldOf } from "../words/zone";
import { LONGEST_US, lastDays, periodOf } from "./report";

const NOW_US = Date.UTC(2026, 9, 14, 18, 0, 31) * 1000;
const ZONE = "Europe/Zurich";

describe("the period of a report", () => {
  it("ends with a whole minute that is over", () => {
    const [fromUs, toUs] = lastDays(1, NOW_US, ZONE);
    expect(NOW_US - toUs).toBe(31e6);
    expect(toUs - fromUs).toBe(86_400e6);
  });

  it("has as long days as the ward has: 31 of them fit in one report, with an hour that came twice", () => {
    const [fromUs, toUs] = lastDays(31, Date.UTC(2026, 10, 2, 12) * 1000, ZONE);
    expect(toUs - fromUs).toBe(LONGEST_US);
    expect(periodOf(fieldOf(fromUs, ZONE), fieldOf(toUs, ZONE), ZONE)).toEqual([fromUs, toUs]);
  });

  it("is what the fields say, in the ward's zone", () => {
    const [fromUs, toUs] = lastDays(3, NOW_US, ZONE);
    expect(fieldOf(toUs, ZONE)).toBe("2026-10-14T20:00");
    expect(periodOf(fieldOf(fromUs, ZONE), fieldOf(toUs, ZONE), ZONE)).toEqual([fromUs, toUs]);
  });

  it("is none when it ends before it begins, is too long, or a field is empty", () => {
    const [fromUs, toUs] = lastDays(1, NOW_US, ZONE).map((us) => fieldOf(us, ZONE)) as [string, string];
    expect(periodOf(toUs, fromUs, ZONE)).toBeNull();
    expect(periodOf(toUs, toUs, ZONE)).toBeNull();
    expect(periodOf(fieldOf(NOW_US - LONGEST_US - 60e6, ZONE), toUs, ZONE)).toBeNull();
    expect(periodOf("", toUs, ZONE)).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import { fieldOf, LONGEST_US, lastDays, periodOf } from "./report";

const NOW_US = Date.UTC(2026, 9, 14, 18, 0, 31) * 1000;

describe("the period of a report", () => {
  it("ends with a whole minute that is over", () => {
    const [fromUs, toUs] = lastDays(1, NOW_US);
    expect(NOW_US - toUs).toBe(31e6);
    expect(toUs - fromUs).toBe(86_400e6);
  });

  it("is what the fields say, in the zone of who reads them", () => {
    const [fromUs, toUs] = lastDays(3, NOW_US);
    expect(periodOf(fieldOf(fromUs), fieldOf(toUs))).toEqual([fromUs, toUs]);
  });

  it("is none when it ends before it begins, is too long, or a field is empty", () => {
    const [fromUs, toUs] = lastDays(1, NOW_US);
    expect(periodOf(fieldOf(toUs), fieldOf(fromUs))).toBeNull();
    expect(periodOf(fieldOf(toUs), fieldOf(toUs))).toBeNull();
    expect(periodOf(fieldOf(toUs - LONGEST_US - 60e6), fieldOf(toUs))).toBeNull();
    expect(periodOf("", fieldOf(toUs))).toBeNull();
  });
});

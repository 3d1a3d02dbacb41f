import { describe, expect, it } from "vitest";
import { type Calipers, intervalS, marks, moved, placed, ratePerMinute } from "./calipers";

const CALIPERS: Calipers = { aS: 4, bS: 3.2, topShare: 0.2, bottomShare: 0.7, march: true };

describe("calipers", () => {
  it("measure an interval whichever leg is first, and its rate", () => {
    expect(intervalS(CALIPERS)).toBeCloseTo(0.8);
    expect(ratePerMinute(CALIPERS)).toBeCloseTo(75);
    expect(ratePerMinute({ ...CALIPERS, bS: 4 })).toBeNull();
  });

  it("march out over the strip, leaving out the legs themselves", () => {
    const found = marks(CALIPERS, 6).map((seconds) => Math.round(seconds * 10) / 10);
    expect(found).toEqual([0, 0.8, 1.6, 2.4, 4.8, 5.6]);
    expect(marks({ ...CALIPERS, march: false }, 6)).toEqual([]);
    // A step that nobody could see, and one of which there would be thousands.
    expect(marks({ ...CALIPERS, bS: 4.01 }, 6)).toEqual([]);
    expect(marks({ ...CALIPERS, bS: 4.2 }, 3600)).toHaveLength(200);
  });

  it("stay on the paper", () => {
    expect(moved(CALIPERS, "aS", 99, 10).aS).toBe(10);
    expect(moved(CALIPERS, "bS", -99, 10).bS).toBe(0);
    expect(moved(CALIPERS, "topShare", 0.5, 10).topShare).toBeCloseTo(0.7);
    expect(moved(CALIPERS, "bottomShare", 0.5, 10).bottomShare).toBe(1);
    expect(intervalS(placed(10))).toBeCloseTo(0.8);
  });
});

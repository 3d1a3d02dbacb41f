import { expect, it } from "vitest";
import { passesBetween } from "./passes";
import { PX_PER_S } from "./scale";

it("cuts time at the end of each pass, without a gap and without standing still, at any width", () => {
  for (let width = 1; width < 2000; width++) {
    const lengthUs = (width / PX_PER_S) * 1e6;
    let atUs = 123_456_789.5;
    for (let frame = 0; frame < 50; frame++) {
      // Now and then just at the end of a pass, where rounding is at its worst.
      const endOfPassUs = (Math.floor(atUs / lengthUs) + 1) * lengthUs;
      const toUs = frame % 3 === 0 ? endOfPassUs : atUs + lengthUs / 3 + 16_667;
      const stretches = passesBetween(atUs, toUs, lengthUs);
      expect(stretches.length).toBeLessThan(4);
      for (const { passUs, fromUs, toUs: endUs } of stretches) {
        expect(fromUs).toBe(atUs);
        expect(endUs).toBeGreaterThan(fromUs);
        expect(fromUs - passUs).toBeGreaterThan(-1);
        expect(endUs - passUs).toBeLessThan(lengthUs + 1);
        atUs = endUs;
      }
      expect(atUs).toBe(Math.max(toUs, atUs));
    }
  }
});

it("has nothing between a time and itself", () => {
  expect(passesBetween(5, 5, 2)).toEqual([]);
  expect(passesBetween(6, 5, 2)).toEqual([]);
});

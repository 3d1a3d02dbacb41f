import { expect, it } from "vitest";
import { passesBetween } from "./passes";
import { PX_PER_S } from "./scale";

/** Sweep for some passes, stopping just at each pass's end, where rounding is at its worst; return what went wrong. */
function sweep(lengthUs: number): string[] {
  const wrong: string[] = [];
  let atUs = 1234 * lengthUs + 0.5;
  for (let pass = 1235; pass < 1265; pass++) {
    for (const toUs of [(pass + 0.4) * lengthUs, (pass + 1) * lengthUs]) {
      const stretches = passesBetween(atUs, toUs, lengthUs);
      if (stretches.length > 3) wrong.push(`${stretches.length} stretches`);
      for (const stretch of stretches) {
        if (stretch.fromUs !== atUs) wrong.push(`${atUs} skipped`);
        if (stretch.toUs <= stretch.fromUs) wrong.push(`${atUs} stands still`);
        if (stretch.fromUs - stretch.passUs < -1 || stretch.toUs - stretch.passUs > lengthUs + 1) wrong.push("outside");
        atUs = stretch.toUs;
      }
      if (atUs !== toUs) wrong.push(`${toUs} not reached`);
    }
  }
  return wrong;
}

it("cuts time at the end of each pass, without a gap and without standing still, at any width", () => {
  for (let width = 1; width < 2000; width++) expect([width, sweep((width / PX_PER_S) * 1e6)]).toEqual([width, []]);
});

it("has nothing between a time and itself", () => {
  expect(passesBetween(5, 5, 2)).toEqual([]);
  expect(passesBetween(6, 5, 2)).toEqual([]);
});

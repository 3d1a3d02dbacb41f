import { expect, it } from "vitest";
import { passesBetween, type Stretch } from "./passes";
import { PX_PER_S } from "./scale";

/** Sweep for some passes, stopping just at each pass's end, where rounding is at its worst; return what went wrong. */
function sweep(lengthUs: number): string[] {
  let atUs = 1234 * lengthUs + 0.5;
  const ends = Array.from({ length: 30 }, (_, i) => [(1235.4 + i) * lengthUs, (1236 + i) * lengthUs]).flat();
  return ends.flatMap((toUs) => {
    const stretches = passesBetween(atUs, toUs, lengthUs);
    const wrong = stretches.flatMap((stretch) => faultsOf(stretch, lengthUs));
    const isWhole =
      stretches.map(({ fromUs }) => fromUs).join() ===
      [atUs, ...stretches.map(({ toUs: us }) => us)].slice(0, -1).join();
    if (!isWhole || stretches.at(-1)?.toUs !== toUs || stretches.length > 3) wrong.push(`not whole up to ${toUs}`);
    atUs = toUs;
    return wrong;
  });
}

function faultsOf({ passUs, fromUs, toUs }: Stretch, lengthUs: number): string[] {
  if (toUs <= fromUs) return [`${fromUs} stands still`];
  return fromUs - passUs < -1 || toUs - passUs > lengthUs + 1 ? [`${fromUs} is outside of its pass`] : [];
}

it("cuts time at the end of each pass, without a gap and without standing still, at any width", () => {
  for (let width = 1; width < 2000; width++) expect([width, sweep((width / PX_PER_S) * 1e6)]).toEqual([width, []]);
});

it("has nothing between a time and itself", () => {
  expect(passesBetween(5, 5, 2)).toEqual([]);
  expect(passesBetween(6, 5, 2)).toEqual([]);
});

import { expect, it } from "vitest";
import { trace } from "./trace";

function draw(samples: number[], perPixel: number): string[] {
  const strokes: string[] = [];
  const pen = {
    moveTo: (x: number, y: number) => strokes.push(`M${x},${y}`),
    lineTo: (x: number, y: number) => strokes.push(`L${x},${y}`),
  };
  trace(
    pen,
    (i) => samples[i] ?? Number.NaN,
    0,
    samples.length - 1,
    (i) => i,
    (mv) => mv,
    perPixel,
  );
  return strokes;
}

it("lifts the pen where samples are missing", () => {
  expect(draw([1, 2, Number.NaN, 3, 4], 1)).toEqual(["M0,1", "L1,2", "M3,3", "L4,4"]);
});

it("keeps every peak when many samples share a pixel", () => {
  const samples = Array.from({ length: 1000 }, (_, i) => (i === 503 ? 9 : i === 777 ? -9 : 0));
  const strokes = draw(samples, 10);
  expect(strokes).toContain("L503,9");
  expect(strokes).toContain("L777,-9");
  expect(strokes.length).toBeLessThan(samples.length / 2);
});

import { describe, expect, it } from "vitest";
import { layOut } from "./layout";

type Screen = [width: number, height: number, gap: number];
const WALL: Screen = [1904, 1020, 8];
const DESK: Screen = [1424, 830, 8];
const LAPTOP: Screen = [1350, 690, 8];

describe.each<[string, Screen]>([
  ["wall", WALL],
  ["desk", DESK],
  ["laptop", LAPTOP],
])("on a %s's screen", (_where, screen) => {
  it.each([1, 2, 8, 16, 24, 32, 48, 64])("%i patients stand without scrolling", (count) => {
    const { columns, rowPx, fits } = layOut(count, ...screen);
    const rows = Math.ceil(count / columns);
    expect(fits).toBe(true);
    expect(rows * rowPx + (rows - 1) * 8).toBeLessThanOrEqual(screen[1]);
    expect((screen[0] - 8 * (columns - 1)) / columns).toBeGreaterThanOrEqual(140);
  });
});

it("is comfortable by choice, and scrolls for it", () => {
  expect(layOut(64, ...DESK, "comfortable")).toEqual({ columns: 4, rowPx: 178, fits: false });
  expect(layOut(8, ...DESK, "comfortable").fits).toBe(true);
});

it("grows few patients further on a wall", () => {
  expect(layOut(2, ...WALL, "wall").rowPx).toBeGreaterThan(layOut(2, ...WALL, "auto").rowPx);
});

it("has one column on a phone, and scrolls, unless it is to be compact", () => {
  expect(layOut(8, 374, 700, 8)).toMatchObject({ columns: 1, fits: false });
  expect(layOut(64, 374, 700, 8, "compact")).toEqual({ columns: 2, rowPx: 96, fits: false });
});

it("scrolls rather than showing stamps", () => {
  expect(layOut(400, ...WALL).fits).toBe(false);
  expect(layOut(0, ...WALL).columns).toBe(1);
});

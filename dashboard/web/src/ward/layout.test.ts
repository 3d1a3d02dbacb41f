import { expect, it } from "vitest";
import { layOut } from "./layout";

const WALL = [1904, 1020, 8] as const;

it.each([1, 2, 8, 16, 24, 32, 48, 64])("has %i patients on one wall screen without scrolling", (count) => {
  const { columns, rowPx, fits } = layOut(count, ...WALL);
  const rows = Math.ceil(count / columns);
  expect(fits).toBe(true);
  expect(rows * rowPx + (rows - 1) * 8).toBeLessThanOrEqual(1020);
  expect((1904 - 8 * (columns - 1)) / columns).toBeGreaterThanOrEqual(210);
});

it("has one column on a phone, and scrolls", () => {
  expect(layOut(8, 374, 700, 8)).toMatchObject({ columns: 1, fits: false });
});

it("scrolls rather than showing stamps", () => {
  expect(layOut(200, ...WALL).fits).toBe(false);
  expect(layOut(0, ...WALL).columns).toBe(1);
});

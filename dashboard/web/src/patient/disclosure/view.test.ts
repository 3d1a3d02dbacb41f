import { describe, expect, it } from "vitest";
import {
  beginning,
  bucketFor,
  endUs,
  FOOT_PX,
  GUTTER_PX,
  HEAD_PX,
  holds,
  LEVELS,
  move,
  pageUs,
  RIGHT_PX,
  rowOf,
  showing,
  timeAt,
  within,
  zoom,
} from "./view";

const HOUR_US = 3600e6;
/** An hour of the day, far from any change of the clocks. */
const T0_US = rowOf(1_790_000_000e6, HOUR_US);
const STORED = { first_us: T0_US - 72 * HOUR_US, last_us: T0_US + 0.5 * HOUR_US };

describe("the record's pages", () => {
  it("begin rows with the hour of the clock on the wall", () => {
    expect(rowOf(T0_US + 1234e6, HOUR_US, "UTC") % HOUR_US).toBe(0);
    // Half an hour ahead of the full hours of UTC.
    expect((rowOf(T0_US, HOUR_US, "Asia/Kolkata") + 330 * 60e6) % HOUR_US).toBe(0);
  });

  it("begin with the newest, as near as all of it has room", () => {
    const day = beginning(STORED);
    expect(day).toEqual({ level: 0, fromUs: T0_US - 23 * HOUR_US });
    expect(holds(day, STORED.last_us)).toBe(true);
    const short = { first_us: T0_US, last_us: T0_US + 60e6 };
    expect(beginning(short).level).toBe(4);
    expect(holds(beginning(short), short.first_us) && holds(beginning(short), short.last_us)).toBe(true);
  });

  it("stay on what is stored", () => {
    const day = beginning(STORED);
    expect(move(day, 5, STORED)).toEqual(day);
    expect(move(day, -1000, STORED).fromUs).toBe(rowOf(STORED.first_us, HOUR_US));
    expect(move(day, -3, STORED).fromUs).toBe(day.fromUs - 3 * HOUR_US);
    expect(within({ level: 0, fromUs: 0 }, null).fromUs).toBe(0);
  });

  it.each([0, 1, 2, 3, 4])("keep what is pointed at on the page, from a day to step %d and back", (level) => {
    const day = beginning(STORED);
    for (const atUs of [day.fromUs, T0_US - 7.3 * HOUR_US, STORED.last_us]) {
      const near = zoom(day, level, atUs, STORED);
      expect(near.level).toBe(level);
      expect(holds(near, atUs)).toBe(true);
      expect(holds(zoom(near, 0, atUs, STORED), atUs)).toBe(true);
    }
    expect(zoom(day, -1, T0_US, STORED)).toEqual(day);
    expect(zoom(day, 99, T0_US, STORED).level).toBe(LEVELS.length - 1);
  });

  it("turn to a time that is not on the page, and only then", () => {
    const day = beginning(STORED);
    expect(showing(day, T0_US, STORED)).toBe(day);
    const before = showing(day, T0_US - 40 * HOUR_US, STORED);
    expect(holds(before, T0_US - 40 * HOUR_US)).toBe(true);
  });

  it("ask for a bucket a pixel, and never for more than the server gives", () => {
    expect(bucketFor({ level: 0, fromUs: 0 }, 960)).toBe(3.5);
    expect(bucketFor({ level: 1, fromUs: 0 }, 4000)).toBe(0.5);
    expect(bucketFor({ level: 2, fromUs: 0 }, 960)).toBe(0.125);
    expect(bucketFor({ level: 4, fromUs: 0 }, 4000)).toBe(0.01);
    for (const level of LEVELS.keys()) {
      const view = { level, fromUs: 0 };
      if (bucketFor(view, 5000) < 0.5) expect(pageUs(view)).toBeLessThanOrEqual(7200e6);
    }
  });

  it("know the time under a pointer", () => {
    const view = { level: 0, fromUs: T0_US };
    const place = { widthPx: GUTTER_PX + 600 + RIGHT_PX, heightPx: HEAD_PX + 24 * 30 + FOOT_PX };
    expect(timeAt(view, place, GUTTER_PX, HEAD_PX)).toBe(T0_US);
    expect(timeAt(view, place, GUTTER_PX + 300, HEAD_PX + 65)).toBe(T0_US + 2.5 * HOUR_US);
    expect(timeAt(view, place, 0, 10_000)).toBe(T0_US + 23 * HOUR_US);
    expect(timeAt(view, place, 10_000, -5)).toBeLessThan(T0_US + HOUR_US);
    expect(endUs(view)).toBe(T0_US + 24 * HOUR_US);
  });
});

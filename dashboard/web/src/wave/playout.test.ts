import { describe, expect, it } from "vitest";
import { Playout } from "./playout";

const S = 1e6;

/** Where the playhead is at a moment, device's time. */
const headUs = (playout: Playout, nowUs: number): number => nowUs + (playout.shiftUs ?? Number.NaN);

describe("the playhead", () => {
  it("has the whole second that just arrived ahead of it, and some spare time", () => {
    const playout = new Playout();
    playout.arrived(100 * S, S, 5 * S);
    expect(headUs(playout, 5 * S)).toBeCloseTo(99.7 * S);
  });

  it("never runs past what has arrived while frames jitter", () => {
    const playout = new Playout();
    const jitterS = [0, 0.2, 0.05, 0.25, 0, 0.15, 0.28, 0.1];
    let arrivedUs = 0;
    jitterS.forEach((jitter, k) => {
      const nowUs = (k + jitter) * S;
      if (k > 0) expect(headUs(playout, nowUs)).toBeLessThanOrEqual(arrivedUs);
      playout.arrived(k * S, S, nowUs);
      playout.slew(nowUs);
      arrivedUs = (k + 1) * S;
    });
  });

  it("moves evenly: it is slewed, not set", () => {
    const playout = new Playout();
    playout.arrived(0, S, 0);
    playout.slew(0);
    playout.arrived(1 * S, S, 1.9 * S); // 0.9 s late
    expect(playout.slew(2 * S)).toBe(false);
    expect(headUs(playout, 2 * S)).toBeCloseTo(1.7 * S - 0.1 * S); // 5 % of 2 s
  });

  it("jumps when it is far off", () => {
    const playout = new Playout();
    playout.arrived(0, S, 0);
    for (let k = 1; k <= 12; k++) playout.arrived((k + 100) * S, S, k * S);
    expect(playout.slew(12 * S)).toBe(true);
    expect(headUs(playout, 12 * S)).toBeCloseTo(111.7 * S);
  });

  it("is not thrown back by what an outbox sends at once", () => {
    const playout = new Playout();
    for (let k = 0; k < 10; k++) playout.arrived(k * S, S, 20 * S + k * 1000);
    playout.arrived(10 * S, S, 21 * S);
    playout.slew(21 * S);
    playout.slew(40 * S);
    expect(headUs(playout, 21 * S)).toBeGreaterThan(8 * S);
  });

  it("begins anew after a break", () => {
    const playout = new Playout();
    playout.arrived(0, S, 0);
    playout.reset();
    expect(playout.shiftUs).toBeNull();
    playout.arrived(50 * S, S, 60 * S);
    expect(headUs(playout, 60 * S)).toBeCloseTo(49.7 * S);
  });
});

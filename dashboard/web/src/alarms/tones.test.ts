// IEC 60601-1-8:2006+A1:2012, tables 3 and 4: characteristics of the burst and of its pulses.

import { describe, expect, it } from "vitest";
import { BURSTS, FUNDAMENTAL_HZ, HARMONICS } from "./tones";

const spacings = (priority: "high" | "medium" | "low") => {
  const { pulses } = BURSTS[priority];
  return pulses.slice(1).map((pulse, i) => pulse.atS - ((pulses[i]?.atS ?? 0) + (pulses[i]?.lengthS ?? 0)));
};

describe("the bursts", () => {
  it("have ten, three, and one or two pulses", () => {
    expect([BURSTS.high, BURSTS.medium, BURSTS.low].map(({ pulses }) => pulses.length)).toEqual([10, 3, 2]);
  });

  it("have pulses of 75 to 200 ms for high, 125 to 250 ms for the others", () => {
    for (const { lengthS } of BURSTS.high.pulses) expect(lengthS >= 0.075 && lengthS <= 0.2).toBe(true);
    for (const priority of ["medium", "low"] as const) {
      for (const { lengthS } of BURSTS[priority].pulses) expect(lengthS >= 0.125 && lengthS <= 0.25).toBe(true);
    }
  });

  it("are spaced as the standard has it", () => {
    const high = spacings("high");
    const x = high[0] ?? 0;
    expect(x >= 0.05 && x <= 0.125).toBe(true);
    const between = 2 * x + (BURSTS.high.pulses[0]?.lengthS ?? 0);
    const expected = [x, x, between, x, high[4] ?? 0, x, x, between, x];
    high.forEach((gap, i) => {
      expect(gap).toBeCloseTo(expected[i] ?? 0);
    });
    expect((high[4] ?? 0) >= 0.35 && (high[4] ?? 0) <= 1.3).toBe(true);
    for (const gap of [...spacings("medium"), ...spacings("low")]) expect(gap >= 0.125 && gap <= 0.25).toBe(true);
  });

  it("come again after 2.5 to 15 s for high, 2.5 to 30 s for medium, and low does not", () => {
    expect(BURSTS.high.pauseS).toBeGreaterThanOrEqual(2.5);
    expect(BURSTS.high.pauseS).toBeLessThanOrEqual(15);
    expect(BURSTS.medium.pauseS).toBeGreaterThanOrEqual(2.5);
    expect(BURSTS.medium.pauseS).toBeLessThanOrEqual(30);
    expect(BURSTS.low.pauseS).toBeNull();
  });

  it("are tones of 150 to 1000 Hz with at least four harmonics of 300 to 4000 Hz, within 15 dB", () => {
    for (const hz of Object.values(FUNDAMENTAL_HZ)) {
      expect(hz >= 150 && hz <= 1000).toBe(true);
      const heard = HARMONICS.slice(2).filter((strength, i) => {
        const at = hz * (i + 2);
        return at >= 300 && at <= 4000 && 20 * Math.log10(strength) > -15;
      });
      expect(heard.length).toBeGreaterThanOrEqual(4);
    }
  });
});

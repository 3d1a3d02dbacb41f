// IEC 60601-1-8:2006+A1:2012, tables 3 and 4: characteristics of the burst and of its pulses.

import { describe, expect, it } from "vitest";
import { BURSTS, HARMONICS, LOUDNESS, REMINDER, RISE_SHARE } from "./tones";

const FAMILIES = ["clinical", "technical"] as const;
const PRIORITIES = ["high", "medium", "low"] as const;

describe.each(FAMILIES)("the bursts of %s alarms", (family) => {
  const { high, medium, low } = BURSTS[family];
  const spacings = ({ pulses }: typeof high) =>
    pulses.slice(1).map((pulse, i) => pulse.atS - ((pulses[i]?.atS ?? 0) + (pulses[i]?.lengthS ?? 0)));

  it("have ten, three, and one or two pulses", () => {
    expect([high, medium, low].map(({ pulses }) => pulses.length)).toEqual([10, 3, 2]);
  });

  it("have pulses of 75 to 200 ms for high, 125 to 250 ms for the others", () => {
    for (const { lengthS } of high.pulses) expect(lengthS >= 0.075 && lengthS <= 0.2).toBe(true);
    for (const { lengthS } of [...medium.pulses, ...low.pulses]) expect(lengthS >= 0.125 && lengthS <= 0.25).toBe(true);
  });

  it("are spaced as the standard has it", () => {
    const gaps = spacings(high);
    const x = gaps[0] ?? 0;
    expect(x >= 0.05 && x <= 0.125).toBe(true);
    const between = 2 * x + (high.pulses[0]?.lengthS ?? 0);
    const expected = [x, x, between, x, gaps[4] ?? 0, x, x, between, x];
    gaps.forEach((gap, i) => {
      expect(gap).toBeCloseTo(expected[i] ?? 0);
    });
    expect((gaps[4] ?? 0) >= 0.35 && (gaps[4] ?? 0) <= 1.3).toBe(true);
    for (const gap of [...spacings(medium), ...spacings(low)]) expect(gap >= 0.125 && gap <= 0.25).toBe(true);
  });

  it("come again after 2.5 to 15 s for high, 2.5 to 30 s for medium, and low does not", () => {
    expect(high.pauseS).toBeGreaterThanOrEqual(2.5);
    expect(high.pauseS).toBeLessThanOrEqual(15);
    expect(medium.pauseS).toBeGreaterThanOrEqual(2.5);
    expect(medium.pauseS).toBeLessThanOrEqual(30);
    expect(low.pauseS).toBeNull();
  });

  it("are tones of 150 to 1000 Hz with at least four harmonics of 300 to 4000 Hz, within 15 dB", () => {
    for (const { hz } of [high, medium, low].flatMap(({ pulses }) => pulses)) {
      expect(hz >= 150 && hz <= 1000).toBe(true);
      const heard = HARMONICS.slice(1).filter((strength, i) => {
        const at = hz * (i + 1);
        return at >= 300 && at <= 4000 && 20 * Math.log10(strength) > -15;
      });
      expect(heard.length).toBeGreaterThanOrEqual(4);
    }
  });
});

it("a pulse rises from 10 to 90 % within 10 to 40 % of its length", () => {
  expect(0.8 * RISE_SHARE >= 0.1 && 0.8 * RISE_SHARE <= 0.4).toBe(true);
});

it("a heart sounds otherwise than the system at every priority", () => {
  for (const priority of PRIORITIES) {
    const [clinical, technical] = FAMILIES.map((family) => BURSTS[family][priority].pulses.map(({ hz }) => hz));
    expect(clinical).not.toEqual(technical);
  }
});

it("a greater priority is never the quieter one, and a reminder is no burst of any", () => {
  expect(LOUDNESS.high >= LOUDNESS.medium && LOUDNESS.medium >= LOUDNESS.low).toBe(true);
  expect(REMINDER.pulses).toHaveLength(1);
});

import { describe, expect, it } from "vitest";
import { ClockLine } from "./clock_line";

/** Delays as the air makes them: mostly 20 to 60 ms, sometimes half a second. Minimal standard generator. */
function delays(): () => number {
  let seed = 7;
  return () => {
    seed = (seed * 48_271) % 2_147_483_647;
    const random = seed / 2_147_483_647;
    return random > 0.97 ? 500_000 * random : 20_000 + 40_000 * random;
  };
}

const UTC0 = 1_764_000_000_000_000;
const DEVICE0 = 599_616_000_000_000;
const PACKET_US = (73 / 130) * 1e6;

describe.each([0, 100, -100])("a wearable's clock that drifts %i ppm", (ppm) => {
  it("is told in UTC to 50 ms after a minute, for hours", () => {
    const line = new ClockLine();
    const delay = delays();
    let worst = 0;
    let lastToldUs = 0;
    for (let n = 0; n * PACKET_US < 3 * 3600e6; n++) {
      const trueUs = UTC0 + n * PACKET_US;
      const deviceUs = DEVICE0 + n * PACKET_US * (1 + ppm / 1e6);
      line.heard(deviceUs, trueUs + delay());
      const toldUs = line.utcUs(deviceUs);
      // Never backwards, and never as if a sample were missing.
      if (n > 0) expect(Math.abs(toldUs - lastToldUs - PACKET_US)).toBeLessThan(1e6 / 130);
      lastToldUs = toldUs;
      if (n * PACKET_US > 60e6) worst = Math.max(worst, Math.abs(toldUs - trueUs));
    }
    expect(worst).toBeLessThan(50_000);
    expect(Math.abs((line.driftPpm ?? 0) + ppm)).toBeLessThan(15);
  });
});

it("begins anew where a clock was set", () => {
  const line = new ClockLine();
  expect(line.heard(0, UTC0)).toBe(false);
  expect(line.heard(1e6, UTC0 + 1e6)).toBe(false);
  expect(line.heard(2e6, UTC0 + 3602e6)).toBe(true);
  expect(line.utcUs(2e6)).toBe(UTC0 + 3602e6);
  expect(line.heard(1e6, UTC0 + 3603e6)).toBe(true);
});

it("is not misled by a packet that was held up", () => {
  const line = new ClockLine();
  for (let n = 0; n < 20; n++) line.heard(n * PACKET_US, UTC0 + n * PACKET_US + 30_000);
  line.heard(20 * PACKET_US, UTC0 + 20 * PACKET_US + 3e6);
  expect(Math.abs(line.utcUs(20 * PACKET_US) - UTC0 - 20 * PACKET_US)).toBeLessThan(50_000);
});

import { describe, expect, it } from "vitest";
import type { Alarm, Pause, PauseKind } from "../api/types";
import { holdsFor, isHeldBack, strongest } from "./in_force";

const ANN = { id: 1, ward: "A" };

function pause(some: Partial<Pause>, kind: PauseKind = "audio_paused"): Pause {
  const whole = { id: 1, kind, patient_id: null, ward: null, name: "N", at_us: 0, until_us: 9, reason: "" };
  return { ...whole, ended_us: null, ...some };
}

const alarm = (some: Partial<Alarm>) => ({ state: "active", paused_us: null, ...some }) as Alarm;

describe("a pause holds", () => {
  it("for its patient, for its ward's, or for all", () => {
    expect(holdsFor(pause({ patient_id: 1 }), ANN)).toBe(true);
    expect(holdsFor(pause({ patient_id: 2 }), ANN)).toBe(false);
    expect(holdsFor(pause({ ward: "A" }), ANN)).toBe(true);
    expect(holdsFor(pause({ ward: "B" }), ANN)).toBe(false);
    expect(holdsFor(pause({}), ANN)).toBe(true);
  });

  it("as the strongest, and of these the longest, says", () => {
    const all = [pause({ id: 1 }), pause({ id: 2, patient_id: 1 }, "alarms_paused"), pause({ id: 3, until_us: 99 })];
    expect(strongest(all, ANN)?.id).toBe(2);
    expect(strongest(all, { id: 5, ward: "" })?.id).toBe(3);
    expect(strongest([pause({ patient_id: 7 })], ANN)).toBeNull();
  });
});

describe("an alarm is held back", () => {
  it.each([
    [{ state: "silenced" }, true],
    [{ state: "paused" }, true],
    [{ state: "latched", paused_us: 5 }, true],
    [{ state: "latched" }, false],
    [{ state: "active", paused_us: 5 }, false],
    [{ state: "pending" }, false],
  ] as const)("being %j: %s", (some, held) => {
    expect(isHeldBack(alarm(some), ANN, [])).toBe(held);
  });

  it("by a pause of its patient, ward or all; the system's own only by one of all", () => {
    expect(isHeldBack(alarm({}), ANN, [pause({ ward: "A" })])).toBe(true);
    expect(isHeldBack(alarm({}), ANN, [pause({ ward: "B" })])).toBe(false);
    expect(isHeldBack(alarm({}), null, [pause({ ward: "A" }), pause({ patient_id: 1 })])).toBe(false);
    expect(isHeldBack(alarm({}), null, [pause({})])).toBe(true);
  });
});

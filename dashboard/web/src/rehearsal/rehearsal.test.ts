import { describe, expect, it } from "vitest";
import { type CallOutcome, isLost, type ListedAlarm, sumOf } from "./rehearsal";

const call = (some: Partial<CallOutcome>): CallOutcome => ({
  call: "bradycardia",
  rang: 0,
  now: 0,
  tried: 0,
  saved: 0,
  added: 0,
  saved_true: 0,
  saved_false: 0,
  saved_unsure: 0,
  lost: 0,
  not_repeated: 0,
  ...some,
});

describe("a rehearsal", () => {
  it("is summed over all calls, of which one may ring for another", () => {
    const calls = [call({ now: 38, saved: 30, lost: 1, not_repeated: 2 }), call({ now: 2, added: 3 })];
    const outcome = { engine: "e", signal_us: 1, calls, saved: [], added: [] };
    expect(sumOf(outcome)).toEqual({ now: 40, saved: 30, added: 3, lost: 1, notRepeated: 2 });
  });

  it("loses what was true and nothing else tells", () => {
    const alarm = { verdict: "true", still: null } as ListedAlarm;
    expect(isLost(alarm)).toBe(true);
    expect(isLost({ ...alarm, still: "extreme_bradycardia" })).toBe(false);
    expect(isLost({ ...alarm, verdict: "unsure" })).toBe(false);
  });
});

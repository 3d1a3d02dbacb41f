import { describe, expect, it } from "vitest";
import type { StoryStep } from "../api/ledger";
import { gaps, spans, whenceOf } from "./story";

const step = (kind: string, atS: number, detail = {}): StoryStep => ({
  kind,
  at_us: atS * 1e6,
  name: null,
  detail,
  seal: null,
});

describe("a story", () => {
  const steps = [step("onset", 0), step("met", 4), step("raised", 6), step("shown", 7), step("acknowledged", 30)];

  it("says how long each step took", () => {
    expect(gaps(steps)).toEqual([null, 4e6, 2e6, 1e6, 23e6]);
    expect(gaps([])).toEqual([]);
  });

  it("counts from the moment at which the rule was met", () => {
    expect(spans(steps)).toEqual({ toRaised: 2e6, toNoticed: 3e6, toAcknowledged: 26e6 });
  });

  it("does not say what has not happened", () => {
    expect(spans([step("met", 4), step("suppressed", 5)])).toEqual({
      toRaised: null,
      toNoticed: null,
      toAcknowledged: null,
    });
  });

  it("counts as noticed what was told to somebody before a screen had it", () => {
    expect(spans([step("met", 4), step("raised", 5), step("notified", 9), step("shown", 20)]).toNoticed).toBe(5e6);
  });

  it.each([
    [{ from: { address: "10.0.0.1", agent: "Firefox on Linux" } }, "Firefox on Linux, 10.0.0.1"],
    [{ from: { address: "10.0.0.1", agent: "" } }, "10.0.0.1"],
    [{ from: "link" }, "link"],
    [{ from: null }, null],
    [{}, null],
  ])("says from where a person acted: %j", (detail, said) => {
    expect(whenceOf({ detail })).toBe(said);
  });
});

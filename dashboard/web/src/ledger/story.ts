// What a story tells beside its steps: how long each took, and how long until somebody could know.  Pure.

import type { StoryStep } from "../api/ledger";

/** What counts as a person who could know: on a screen, or told. */
const NOTICED = new Set(["shown", "notified", "acknowledged"]);

/** Microseconds from the step before to each; null for the first. What two clocks disagree about is shown as it is. */
export function gaps(steps: readonly StoryStep[]): (number | null)[] {
  return steps.map((step, i) => {
    const before = steps[i - 1];
    return before === undefined ? null : step.at_us - before.at_us;
  });
}

export interface Spans {
  /** From the moment in the signal at which the rule was met, microseconds; null while it has not happened. */
  toRaised: number | null;
  toNoticed: number | null;
  toAcknowledged: number | null;
}

export function spans(steps: readonly StoryStep[]): Spans {
  const met = steps.find(({ kind }) => kind === "met");
  const since = (isIt: (step: StoryStep) => boolean) => {
    const step = steps.find(isIt);
    return met === undefined || step === undefined ? null : step.at_us - met.at_us;
  };
  return {
    toRaised: since(({ kind }) => kind === "raised"),
    toNoticed: since(({ kind }) => NOTICED.has(kind)),
    toAcknowledged: since(({ kind }) => kind === "acknowledged"),
  };
}

/** From where a person acted, as the server noted it: an address with a browser, a link, the canary. */
export function whenceOf({ detail }: Pick<StoryStep, "detail">): string | null {
  const from = detail["from"];
  if (typeof from === "string") return from;
  if (typeof from !== "object" || from === null) return null;
  const { address, agent } = from as { address?: unknown; agent?: unknown };
  return [agent, address].filter((part) => typeof part === "string" && part !== "").join(", ") || null;
}

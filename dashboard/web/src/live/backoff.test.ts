import { expect, it } from "vitest";
import { FIRST_MS, LONGEST_MS, waitMs } from "./backoff";

it("waits longer each time, within bounds, and never in step with others", () => {
  for (let attempt = 0; attempt < 40; attempt++) {
    const bound = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
    expect(waitMs(attempt, 0)).toBe(bound / 2);
    expect(waitMs(attempt, 1)).toBe(bound);
  }
});

import { describe, expect, it } from "vitest";
import { falsePart } from "./statistics";

describe("the part that was false", () => {
  it("is of those that were judged, and unknown where none was", () => {
    expect(falsePart({ n_true: 1, n_false: 3 })).toBe(0.75);
    expect(falsePart({ n_true: 0, n_false: 0 })).toBeNull();
  });
});

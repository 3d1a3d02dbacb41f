import { expect, it } from "vitest";
import { countByCall } from "./episodes";

it("counts episodes by call, the most frequent first", () => {
  const episode = (id: number, call: string) => ({ id, call, onset_us: id, ended_us: null, detail: {} });
  expect(
    countByCall([episode(1, "pause"), episode(2, "couplet"), episode(3, "couplet"), episode(4, "asystole")]),
  ).toEqual([
    ["couplet", 2],
    ["asystole", 1],
    ["pause", 1],
  ]);
});

import { expect, test } from "vitest";
import { countdown } from "./numbers";

test.each([
  [-3, "0:00"],
  [9.2, "0:10"],
  [105, "1:45"],
  [3599, "59:59"],
  [3600, "1:00:00"],
  [43_085, "11:58:05"],
])("what is left of %d s is said with hours where there are any", (seconds, said) => {
  expect(countdown(seconds)).toBe(said);
});

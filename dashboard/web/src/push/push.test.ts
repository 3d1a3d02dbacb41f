import { expect, it } from "vitest";
import { bytesOf } from "./push";

it.each([
  ["", []],
  ["AQ", [1]],
  ["-_8", [251, 255]],
  ["AQIDBA", [1, 2, 3, 4]],
])("the key '%s' is %j", (key, bytes) => {
  expect([...bytesOf(key)]).toEqual(bytes);
});

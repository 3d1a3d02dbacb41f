import { expect, it } from "vitest";
import { matches } from "./matches";

it.each([
  ["Jürgen Müller-Lüdenscheidt", "mull", true],
  ["Jürgen Müller-Lüdenscheidt", "lud jur", true],
  ["Jürgen Müller-Lüdenscheidt", "iller", false],
  ["Ann", "", true],
  ["Ann", "ann b", false],
])("a search of %s for '%s': %s", (name, wanted, found) => {
  expect(matches(name, wanted)).toBe(found);
});

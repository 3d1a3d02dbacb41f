import { expect, it } from "vitest";
import { cleanCode, codeOf, spacedCode } from "./code";

it("reads what a shaking hand types", () => {
  expect(cleanCode(" abcd-efgh ")).toBe("ABCDEFGH");
  expect(cleanCode("oil0 1234 5")).toBe("01101234");
  expect(cleanCode("u!?")).toBe("");
  expect(spacedCode("ABCDE")).toBe("ABCD-E");
});

it.each([
  ["https://ward.example.org/phone/?code=ABCDEFGH", "ABCDEFGH"],
  ["http://127.0.0.1:8000/phone/?x=1&code=abcd-efgh#now", "ABCDEFGH"],
  ["ABCD-EFGH", "ABCDEFGH"],
  ["https://elsewhere.example.org/menu", null],
  ["ABC", null],
])("finds the code in %s", (text, code) => {
  expect(codeOf(text)).toBe(code);
});

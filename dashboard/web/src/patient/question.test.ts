import { describe, expect, it } from "vitest";
import { formOf, isWhole } from "./question";

describe("a form", () => {
  it("has the fields that ask something, numbered as they stand", () => {
    const form = formOf(" Today ", [
      { label: "Dizzy?", kind: "yes_no", options: "" },
      { label: " ", kind: "text", options: "" },
      { label: "Where?", kind: "choice", options: "at home, outside ,," },
    ]);
    expect(form).toEqual({
      title: "Today",
      fields: [
        { id: "f1", kind: "yes_no", label: "Dizzy?" },
        { id: "f3", kind: "choice", label: "Where?", options: ["at home", "outside"] },
      ],
    });
    expect(isWhole(form)).toBe(true);
  });

  it.each([
    ["no title", formOf("", [{ label: "?", kind: "text", options: "" }])],
    ["no question", formOf("T", [{ label: "", kind: "text", options: "" }])],
    ["a choice of one", formOf("T", [{ label: "?", kind: "choice", options: "a" }])],
  ])("with %s is not sent", (_what, form) => {
    expect(isWhole(form)).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import { calledIn } from "./called";

const named = (...people: [id: number, name: string, login: string][]) => [
  ...calledIn(people.map(([id, name, login]) => ({ id, name, login }))).values(),
];

describe("what people are called in a list", () => {
  it("is the name where it says who", () => {
    expect(named([1, "Anna Meier", "anna"], [2, "Anna Meyer", "am"])).toEqual(["Anna Meier", "Anna Meyer"]);
  });

  it("has the sign-in name of all who share one", () => {
    expect(named([1, "Anna Meier", "anna"], [2, "Bo Berg", "bo"], [3, "Anna Meier", "am"])).toEqual([
      "Anna Meier (anna)",
      "Bo Berg",
      "Anna Meier (am)",
    ]);
  });

  it.each(["anna meier", "Anna  Meier ", "Ａnna Meier"])("has it where %j looks the same", (name) => {
    expect(named([1, "Anna Meier", "anna"], [2, name, "am"])).toEqual(["Anna Meier (anna)", `${name} (am)`]);
  });

  it("counts who is in the list twice once", () => {
    expect(named([1, "Anna Meier", "anna"], [1, "Anna Meier", "anna"])).toEqual(["Anna Meier"]);
  });
});

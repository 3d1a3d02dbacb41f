import { describe, expect, it } from "vitest";
import { mayArrive } from "./around_press";
import { namedEveryS } from "./strip_drawing";

const pressed = (pressedS: number, receivedS: number) => ({ pressed_us: pressedS * 1e6, received_us: receivedS * 1e6 });

describe("the ECG around a press", () => {
  it.each([
    ["while its ten seconds pass", pressed(100, 101), 105, true],
    ["for two minutes afterwards", pressed(100, 101), 229, true],
    ["no longer", pressed(100, 101), 231, false],
    ["after a phone that was away said it", pressed(100, 5000), 5100, true],
    ["no longer after that either", pressed(100, 5000), 5121, false],
  ])("may arrive %s", (_when, symptom, nowS, may) => {
    expect(mayArrive(symptom, nowS * 1e6)).toBe(may);
  });
});

it("writes times that do not run into each other", () => {
  expect([94.5, 40, 18, 8, 2].map(namedEveryS)).toEqual([2, 2, 5, 10, 20]);
});

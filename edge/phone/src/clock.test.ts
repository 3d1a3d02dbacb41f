import { beforeEach, expect, it } from "vitest";
import { Clock } from "./clock";

const NOW = 1.764e15;
let clock: Clock;
beforeEach(() => {
  clock = new Clock();
});

it("leaves a phone alone that is right", () => {
  clock.learn(NOW + 300_000, NOW, NOW + 40_000);
  expect(clock.isWrong).toBe(false);
});

it("sets a wrong one right, to half a round trip", () => {
  clock.learn(NOW + 7_200e6 + 20_000, NOW, NOW + 40_000);
  expect(clock.offsetUs).toBe(7_200e6);
});

it("does not take a slow answer for a wrong clock, nor a worse answer for a better one", () => {
  clock.learn(NOW + 1_000, NOW, NOW + 3_000_000);
  expect(clock.isWrong).toBe(false);
  clock.learn(NOW + 60e6, NOW, NOW + 20_000);
  const { offsetUs } = clock;
  clock.learn(NOW + 60.4e6, NOW, NOW + 900_000);
  expect(clock.offsetUs).toBe(offsetUs);
});

it("follows a clock that is set while the app runs", () => {
  clock.learn(NOW + 60e6, NOW, NOW + 20_000);
  clock.learn(NOW, NOW, NOW + 20_000);
  expect(clock.isWrong).toBe(false);
});

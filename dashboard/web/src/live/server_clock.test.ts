import { expect, it } from "vitest";
import { OffsetEstimate } from "./server_clock";

it("takes the message that was underway the shortest", () => {
  const estimate = new OffsetEstimate();
  estimate.add(1_000_000, 90_000); // 910 ms ahead, as far as this one says
  expect(estimate.add(2_000_000, 1_020_000)).toBe(980_000);
  expect(estimate.add(3_000_000, 2_400_000)).toBe(980_000);
});

it("forgets what was long ago: clocks drift", () => {
  const estimate = new OffsetEstimate();
  estimate.add(1_000_000, 0);
  let offset = 0;
  for (let i = 0; i < 30; i++) offset = estimate.add(500_000, 0);
  expect(offset).toBe(500_000);
});

import { expect, it } from "vitest";
import { type Contact, Quality } from "./quality";

const FS = 130;
const two = (of: (i: number) => number) => Array.from({ length: 2 * FS }, (_, i) => of(i));
const heart = two((i) => (i % 100 < 6 ? 1.2 : 0.05 * Math.sin(i / 9)));

it.each<[Contact, number[], 0 | 1 | 2]>([
  ["good", heart, 2],
  ["good", heart, 0],
  ["no_contact", heart, 1],
  ["flat", two(() => 0.3), 2],
  ["railed", two(() => 19.9), 0],
  ["off_body", two((i) => (i % 2 ? 4 : -4)), 0],
  ["off_body", two((i) => 8 + Math.sin(i)), 2],
  ["unknown", heart.slice(0, 100), 0],
])("says %s", (contact, mv, said) => {
  expect(new Quality().judge(mv, FS, said)).toBe(contact);
});

it("takes a small heart for a heart", () => {
  expect(
    new Quality().judge(
      heart.map((mv) => mv / 10),
      FS,
      2,
    ),
  ).toBe("good");
});

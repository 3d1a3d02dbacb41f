// Which screen is shown: named behind the # of the address, so that "back" goes back.

import { signal } from "@preact/signals";

export const SCREENS = ["now", "feel", "messages", "heart"] as const;
export type Screen = (typeof SCREENS)[number];

const parse = (): Screen => SCREENS.find((name) => location.hash === `#${name}`) ?? "now";

export const screen = signal<Screen>("now");

/** Follow the address; call once. */
export function followAddress(): void {
  screen.value = parse();
  addEventListener("hashchange", () => {
    screen.value = parse();
    scrollTo(0, 0);
    document.getElementById("main")?.focus();
  });
}

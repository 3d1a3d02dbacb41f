// Dark on a wall, elsewhere as the system has it, and everywhere as the person wants it.

import { computed, effect, signal } from "@preact/signals";

export type Theme = "dark" | "light";
const KEY = "heartwire.theme";

const stored = localStorage.getItem(KEY);
const prefersLight = matchMedia("(prefers-color-scheme: light)");
/** A screen that hangs on a wall: light there would fill the room. */
const wall = matchMedia("(min-width: 1600px)");
const find = (): Theme => (prefersLight.matches && !wall.matches ? "light" : "dark");
const ofSystem = signal<Theme>(find());
const chosen = signal<Theme | null>(stored === "dark" || stored === "light" ? stored : null);

export const theme = computed(() => chosen.value ?? ofSystem.value);

export function switchTheme(): void {
  chosen.value = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem(KEY, chosen.value);
}

/** Keep `<html data-theme>` true; call once. */
export function markTheme(): void {
  for (const query of [prefersLight, wall]) {
    query.addEventListener("change", () => {
      ofSystem.value = find();
    });
  }
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
  });
}

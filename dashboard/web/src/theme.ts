// Dark for the wall, light where the person or the system wants it.

import { computed, effect, signal } from "@preact/signals";

export type Theme = "dark" | "light";
const KEY = "heartwire.theme";

const stored = localStorage.getItem(KEY);
const prefersLight = matchMedia("(prefers-color-scheme: light)");
const ofSystem = signal<Theme>(prefersLight.matches ? "light" : "dark");
const chosen = signal<Theme | null>(stored === "dark" || stored === "light" ? stored : null);

export const theme = computed(() => chosen.value ?? ofSystem.value);

export function switchTheme(): void {
  chosen.value = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem(KEY, chosen.value);
}

/** Keep `<html data-theme>` true; call once. */
export function markTheme(): void {
  prefersLight.addEventListener("change", (event) => {
    ofSystem.value = event.matches ? "light" : "dark";
  });
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
  });
}

// Light or dark: as the phone has it, until the patient wants it otherwise.

import { computed, effect, signal } from "@preact/signals";

export type Theme = "dark" | "light";
const KEY = "heartwire.theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const stored = localStorage.getItem(KEY);
const ofSystem = signal<Theme>(prefersDark.matches ? "dark" : "light");
const chosen = signal<Theme | null>(stored === "dark" || stored === "light" ? stored : null);

export const theme = computed(() => chosen.value ?? ofSystem.value);

export function switchTheme(): void {
  chosen.value = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem(KEY, chosen.value);
}

/** Keep `<html data-theme>` true; call once. */
export function markTheme(): void {
  prefersDark.addEventListener("change", () => {
    ofSystem.value = prefersDark.matches ? "dark" : "light";
  });
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
  });
}

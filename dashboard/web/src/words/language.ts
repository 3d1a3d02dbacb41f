// The language of the pages: the browser's, then the user's, then what was chosen here.

import { effect, signal } from "@preact/signals";
import type { Language } from "../api/types";

const KEY = "heartwire.language";
export const LANGUAGES: readonly Language[] = ["en", "fr", "de"];

const isLanguage = (value: unknown): value is Language => LANGUAGES.includes(value as Language);

function chosen(): Language | null {
  const stored = globalThis.localStorage?.getItem(KEY);
  return isLanguage(stored) ? stored : null;
}

function ofBrowser(): Language {
  const wanted = (globalThis.navigator?.languages ?? []).map((tag) => tag.slice(0, 2)).find(isLanguage);
  return wanted ?? "en";
}

export const language = signal<Language>(chosen() ?? ofBrowser());

/** A person's own language counts until another is chosen in this browser. */
export function followUser(theirs: string): void {
  if (chosen() === null && isLanguage(theirs)) language.value = theirs;
}

export function chooseLanguage(next: Language): void {
  localStorage.setItem(KEY, next);
  language.value = next;
}

/** Keep `<html lang>` true; call once. */
export function markDocument(): void {
  effect(() => {
    document.documentElement.lang = language.value;
  });
}

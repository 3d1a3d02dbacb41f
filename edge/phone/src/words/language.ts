// The language of the app: the phone's, then the one that the hospital knows, then the one that was chosen here.

import { effect, signal } from "@preact/signals";

export type Language = "en" | "fr";
export const LANGUAGES: readonly Language[] = ["en", "fr"];
const KEY = "heartwire.language";

const isLanguage = (value: unknown): value is Language => LANGUAGES.includes(value as Language);

function chosen(): Language | null {
  const stored = globalThis.localStorage?.getItem(KEY);
  return isLanguage(stored) ? stored : null;
}

function ofBrowser(): Language {
  const tags = globalThis.navigator?.languages ?? [];
  return tags.map((tag) => tag.slice(0, 2)).find(isLanguage) ?? "en";
}

export const language = signal<Language>(chosen() ?? ofBrowser());

/** The patient's own language counts until another is chosen on this phone. */
export function followPatient(theirs: string): void {
  if (chosen() === null && isLanguage(theirs)) language.value = theirs;
}

export function chooseLanguage(next: Language): void {
  localStorage.setItem(KEY, next);
  language.value = next;
}

/** Keep `<html lang>` true; call once. */
export function markDocument(title: () => string): void {
  effect(() => {
    document.documentElement.lang = language.value;
    document.title = title();
  });
}

// The words of the pages, from the catalogues. Keys are typed: a missing one does not compile.

import { effect, signal } from "@preact/signals";
import { ApiError } from "../api/http";
import type { Call, Language } from "../api/types";
import de from "../messages/de.json";
import en from "../messages/en.json";
import fr from "../messages/fr.json";
import { numberFormat, pluralRules } from "./formats";
import { language } from "./language";

export type MessageKey = keyof typeof en;
/** Keys with a form for each plural category, without the category. */
export type PluralKey = MessageKey extends infer K ? (K extends `${infer Base}.other` ? Base : never) : never;
export type Params = Readonly<Record<string, string | number>>;

const catalogues: Record<Language, Record<string, string>> = { en, fr, de };

/** Put params into `{placeholders}`; numbers in the language's way. Pure. */
export function fill(text: string, params: Params, locale: string): string {
  return text.replace(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = params[name];
    if (value === undefined) return placeholder;
    return typeof value === "number" ? numberFormat(locale).format(value) : value;
  });
}

function find(key: string): string | undefined {
  return catalogues[language.value][key];
}

export function words(key: MessageKey, params: Params = {}): string {
  return fill(find(key) ?? key, params, language.value);
}

/** The form of `key` for `n` (`key.one`, `key.other`, ...), with `{n}` filled in. */
export function plural(key: PluralKey, n: number, params: Params = {}): string {
  const category = pluralRules(language.value).select(n);
  const text = find(`${key}.${category}`) ?? find(`${key}.other`) ?? key;
  return fill(text, { n, ...params }, language.value);
}

/** What went wrong, in words; what has no words of its own is told by its code. */
export function wordsOfError(error: unknown): string {
  if (!(error instanceof ApiError)) return words("error.unexpected", { status: 0 });
  const params: Record<string, string | number> = { status: error.status };
  for (const [name, value] of Object.entries(error.params)) {
    params[name] = typeof value === "number" ? value : String(value);
  }
  const known = `error.${error.code}`;
  return fill(find(known) ?? words("error.unexpected"), params, language.value);
}

/** The catalogue of calls, from the server. */
export const calls = signal<ReadonlyMap<string, Call>>(new Map());

export function callName(code: string): string {
  return calls.value.get(code)?.names[language.value] ?? code;
}

/** Keep the document's title in the language; call once. */
export function titleDocument(text: () => string): void {
  effect(() => {
    document.title = text();
  });
}

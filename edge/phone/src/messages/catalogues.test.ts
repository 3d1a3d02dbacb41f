import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import en from "./en.json";
import fr from "./fr.json";

const catalogues: Record<string, Record<string, string>> = { en, fr };
const keys = Object.keys(en).sort();
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

it("has the same keys in every language", () => {
  for (const catalogue of Object.values(catalogues)) expect(Object.keys(catalogue).sort()).toEqual(keys);
});

it("has the same placeholders in every language", () => {
  for (const key of keys) {
    for (const catalogue of Object.values(catalogues)) {
      expect([key, placeholders(catalogue[key] ?? "")]).toEqual([key, placeholders(catalogues["en"]?.[key] ?? "")]);
    }
  }
});

it("has no empty words", () => {
  for (const catalogue of Object.values(catalogues)) {
    for (const text of Object.values(catalogue)) expect(text.trim()).not.toBe("");
  }
});

it("has no words that no page uses", () => {
  const root = new URL("..", import.meta.url);
  const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".test.ts"))
    .map((name) => readFileSync(new URL(name, root), "utf8"))
    .join("\n");
  const isUsed = (key: string) => {
    const base = key.replace(/\.(one|other)$/, "");
    const family = `${base.slice(0, base.indexOf("."))}.$\{`;
    return sources.includes(`"${base}"`) || sources.includes(`\`${family}`) || base.startsWith("error.");
  };
  expect(keys.filter((key) => !isUsed(key))).toEqual([]);
});

// Write src/api/schema.ts: the shapes of docs/openapi.json as TypeScript. `--check`: say whether it is as it should be.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { compile } from "json-schema-to-typescript";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const TARGET = at("../src/api/schema.ts");
const BANNER = "// Made from docs/openapi.json by `make docs`; never by hand.";

const { components } = JSON.parse(await readFile(at("../../../docs/openapi.json"), "utf8"));
const shapes = JSON.parse(JSON.stringify(components.schemas).replaceAll("#/components/schemas/", "#/$defs/"));
for (const shape of Object.values(shapes)) prepare(shape);
const made = await compile({ title: "NoShape", type: "object", $defs: shapes }, "NoShape", {
  additionalProperties: false,
  bannerComment: BANNER,
  ignoreMinAndMaxItems: true,
  printWidth: 120,
  unreachableDefinitions: true,
});
const text = made
  .replace(/export interface NoShape \{\}\n/, "")
  .replace(/^ \*\n \* This interface was referenced by .*\n \* via the `definition` .*\n/gm, "")
  .replace(/^\/\*\*\n \* This interface was referenced by .*\n \* via the `definition` .*\n \*\/\n/gm, "")
  .replace(/^( \*) {4,}/gm, "$1 ");

if (process.argv.includes("--check")) {
  if ((await readFile(TARGET, "utf8").catch(() => "")) !== text) {
    process.stderr.write("src/api/schema.ts is not what docs/openapi.json says: run `make docs`.\n");
    process.exitCode = 1;
  }
} else await writeFile(TARGET, text);

/** Nested titles would become types of their own; an object without named fields may have any. */
function prepare(shape) {
  if (shape === null || typeof shape !== "object") return;
  if (typeof shape.title === "string") delete shape.title;
  if (shape.type === "object" && !shape.properties) shape.additionalProperties ??= true;
  for (const value of Object.values(shape)) prepare(value);
}

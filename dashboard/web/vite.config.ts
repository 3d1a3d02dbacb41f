import { readdir, readFile, writeFile } from "node:fs/promises";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const ASSETS = "dist/assets";

/** Beside each file of text its compressed twins, made once as small as can be: the server sends what a browser takes. */
const twins: Plugin = {
  name: "twins",
  apply: "build",
  async closeBundle() {
    const files = (await readdir(ASSETS)).filter((name) => /\.(js|css|svg)$/.test(name));
    for (const file of files) {
      const content = await readFile(`${ASSETS}/${file}`);
      await writeFile(`${ASSETS}/${file}.br`, brotliCompressSync(content));
      await writeFile(`${ASSETS}/${file}.gz`, gzipSync(content, { level: 9 }));
    }
  },
};

export default defineConfig({
  plugins: [twins],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "dist",
    target: "es2023",
    // Nothing inline: the server's content security policy allows only files of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: "index.html", sw: "src/sw.ts" },
      output: {
        // The service worker keeps its address: the browser looks there for a newer one.
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  server: {
    // `npm run dev` against a running `heartwire dashboard serve`.
    proxy: { "/api": { target: "http://127.0.0.1:8000", ws: true } },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});

// The service worker: the app opens without a network. Its page is asked for anew where there is a network, its files are
// kept (their names change with their content); what the server says about the patient is never kept.

const CACHE = "heartwire-phone";
const SCOPE = "/phone/";
/** A network that gives no page within so long is as good as none. */
const PATIENCE_MS = 4000;

interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetched extends Extendable {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Worker {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  addEventListener(type: "install" | "activate", act: (event: Extendable) => void): void;
  addEventListener(type: "fetch", act: (event: Fetched) => void): void;
}
const worker = globalThis as unknown as Worker;

/** Keep the page and every file that it names; forget files that it names no more. */
async function keep(page: Response): Promise<void> {
  const cache = await caches.open(CACHE);
  const html = await page.clone().text();
  const named = [...html.matchAll(/(?:src|href)="(\/phone\/[^"]+)"/g)].map(([, path]) => path ?? "");
  const missing = [];
  for (const path of named) if ((await cache.match(path)) === undefined) missing.push(path);
  await cache.addAll(missing);
  await cache.put(SCOPE, page);
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (pathname !== SCOPE && !named.includes(pathname)) await cache.delete(request);
  }
}

worker.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      await keep(await fetch(SCOPE, { cache: "no-cache" }));
      await worker.skipWaiting();
    })(),
  );
});

worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

async function page(event: Fetched): Promise<Response> {
  try {
    const fresh = await fetch(SCOPE, { cache: "no-cache", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (fresh.ok) {
      event.waitUntil(keep(fresh.clone()));
      return fresh;
    }
  } catch {
    // No network, or as good as none: what was kept.
  }
  return (await caches.match(SCOPE)) ?? Response.error();
}

async function file(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreSearch: true })) ?? fetch(request);
}

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || !pathname.startsWith(SCOPE)) return;
  event.respondWith(request.mode === "navigate" ? page(event) : file(request));
});

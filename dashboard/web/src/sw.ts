// The service worker of the care team's pages: an alarm that nobody answers reaches the phone of who is on call, though
// no page is open. It keeps nothing and answers no request.

interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Pushed extends Extendable {
  readonly data: { json(): unknown } | null;
}
interface Pressed extends Extendable {
  readonly notification: Notification;
}
interface Page {
  readonly url: string;
  focus(): Promise<Page>;
  navigate(url: string): Promise<Page | null>;
}
interface Worker {
  skipWaiting(): Promise<void>;
  registration: { showNotification(title: string, options: NotificationOptions): Promise<void> };
  clients: {
    claim(): Promise<void>;
    matchAll(of: { type: "window"; includeUncontrolled: boolean }): Promise<readonly Page[]>;
    openWindow(url: string): Promise<unknown>;
  };
  addEventListener(type: "install" | "activate", act: (event: Extendable) => void): void;
  addEventListener(type: "push", act: (event: Pushed) => void): void;
  addEventListener(type: "notificationclick", act: (event: Pressed) => void): void;
}
const worker = globalThis as unknown as Worker;

interface Told {
  title: string;
  body: string;
  priority: string;
  /** Where to answer; null opens the ward. */
  link: string | null;
}

/** What the server sent; a browser that shows nothing for a push loses the right to be pushed. */
function read(data: Pushed["data"]): Told {
  const nothing: Told = { title: "heartwire", body: "", priority: "high", link: null };
  try {
    return { ...nothing, ...(data?.json() as Partial<Told>) };
  } catch {
    return nothing;
  }
}

worker.addEventListener("install", (event) => event.waitUntil(worker.skipWaiting()));
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("push", (event) => {
  const { title, body, priority, link } = read(event.data);
  const stays = priority === "high" || priority === "medium";
  const options = { body, requireInteraction: stays, data: { link }, ...(link === null ? {} : { tag: link }) };
  event.waitUntil(worker.registration.showNotification(title, options));
});

/** Only to our own pages, whatever the message names. */
function targetOf(link: unknown): string {
  const url = typeof link === "string" ? new URL(link, location.origin) : null;
  return url?.origin === location.origin ? url.href : `${location.origin}/ward`;
}

async function open(link: unknown): Promise<void> {
  const target = targetOf(link);
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const ready = pages.find(({ url }) => url === target);
  if (ready) await ready.focus();
  else await worker.clients.openWindow(target);
}

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open((event.notification.data as { link?: unknown } | null)?.link));
});

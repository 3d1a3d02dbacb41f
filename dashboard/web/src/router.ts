// Which page the address names.

import { computed, signal } from "@preact/signals";

const path = signal(globalThis.location?.pathname ?? "/");

export type Route =
  | { page: "ward" }
  /** `provider`: whom one comes back from. */
  | { page: "sign-in"; provider: string | null }
  | { page: "patient"; id: number }
  | { page: "pair"; id: number }
  | { page: "account" }
  | { page: "add" }
  | { page: "glass" }
  | { page: "admin"; section: string | null }
  | { page: "notice"; token: string }
  | { page: "alarm"; id: number }
  | { page: "review" }
  | { page: "statistics" }
  | { page: "unknown" };

/** Pages whose address says nothing else. */
const PLAIN = new Map<string, Route>([
  ["/", { page: "ward" }],
  ["/ward", { page: "ward" }],
  ["/account", { page: "account" }],
  ["/add-patient", { page: "add" }],
  ["/glass", { page: "glass" }],
  ["/review", { page: "review" }],
  ["/statistics", { page: "statistics" }],
]);

export function parseRoute(pathname: string): Route {
  const plain = PLAIN.get(pathname);
  if (plain) return plain;
  const signIn = /^\/sign-in(?:\/([a-z0-9-]{1,32}))?$/.exec(pathname);
  if (signIn) return { page: "sign-in", provider: signIn[1] ?? null };
  const notice = /^\/n\/([\w-]{43})$/.exec(pathname);
  if (notice?.[1]) return { page: "notice", token: notice[1] };
  const admin = /^\/admin(?:\/([a-z-]{1,30}))?$/.exec(pathname);
  if (admin) return { page: "admin", section: admin[1] ?? null };
  const alarm = /^\/alarm\/(\d{1,15})$/.exec(pathname);
  if (alarm) return { page: "alarm", id: Number(alarm[1]) };
  const patient = /^\/patient\/(\d{1,15})(\/pair)?$/.exec(pathname);
  return patient ? { page: patient[2] ? "pair" : "patient", id: Number(patient[1]) } : { page: "unknown" };
}

export const route = computed(() => parseRoute(path.value));

export const patientPath = (id: number) => `/patient/${id}`;
export const alarmPath = (id: number) => `/alarm/${id}`;
export const pairPath = (id: number) => `/patient/${id}/pair`;

let isFromHere = false;
/** Whether one came from another of these pages: then the browser itself leaves the focus where nothing is any more. */
export const cameFromHere = (): boolean => isFromHere;

export function navigate(to: string, { replace = false } = {}): void {
  if (to === path.value) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  isFromHere = true;
  path.value = to;
  window.scrollTo(0, 0);
}

/** Let links within the pages change the page without loading it anew; call once. */
export function followLinks(): void {
  addEventListener("popstate", () => {
    isFromHere = true;
    path.value = location.pathname;
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[href^='/']") : null;
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!(link instanceof HTMLAnchorElement) || !plain || link.target) return;
    event.preventDefault();
    navigate(link.pathname);
  });
}

// Signing in by a provider (OpenID Connect): the way there, and what comes back.

import { signal } from "@preact/signals";
import { getJson, post } from "../api/http";
import type { Session, WaysIn, WayThere } from "../api/schema";
import { navigate } from "../router";
import { enter } from "../session";

/** How people sign in here; null while the server has not said. */
export const waysIn = signal<WaysIn | null>(null);

/** Where somebody wanted to go who was sent to a provider: kept in this tab until he comes back. */
const WISH = "heartwire.wish";

/** Ask how people sign in; a server that does not say so still takes passwords. */
export async function learnWays(): Promise<void> {
  try {
    waysIn.value = await getJson<WaysIn>("/api/sign-in");
  } catch {
    waysIn.value = { password: true, providers: [] };
  }
}

/** Leave for a provider. */
export async function goTo(key: string): Promise<void> {
  const { url } = await post<WayThere>(`/api/sign-in/${key}`);
  sessionStorage.setItem(WISH, location.pathname);
  location.assign(url);
}

/** What a provider put into the address; null where it put nothing that belongs to a sign-in. Pure. */
export function readBrought(search: string): Record<string, string> | null {
  const query = new URLSearchParams(search);
  const brought: Record<string, string> = {};
  for (const name of ["state", "code", "error", "iss"]) {
    const value = query.get(name);
    if (value !== null) brought[name] = value;
  }
  return "state" in brought && ("code" in brought || "error" in brought) ? brought : null;
}

/** Sign in with what was brought back, and go where one wanted to. */
export async function bring(key: string, brought: Record<string, string>): Promise<void> {
  enter(await post<Session>(`/api/sign-in/${key}/answer`, brought));
  const wish = sessionStorage.getItem(WISH);
  sessionStorage.removeItem(WISH);
  navigate(wish?.startsWith("/") && !wish.startsWith("/sign-in") ? wish : "/ward", { replace: true });
}

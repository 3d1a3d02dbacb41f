// Who is signed in.

import { signal } from "@preact/signals";
import { csrfToken, getJson, post, remove, whenSignedOut } from "./api/http";
import type { SignedOut } from "./api/schema";
import type { Session, User } from "./api/types";
import { waitMs } from "./live/backoff";
import { followUser } from "./words/language";

/** Undefined: not known yet. Null: nobody. */
export const user = signal<User | null | undefined>(undefined);

/** Somebody signed in here before: only then is it worth asking who. */
const KEY = "heartwire.signed_in";
export const wasSignedIn = (): boolean => localStorage.getItem(KEY) !== null;

export function enter(session: Session): void {
  localStorage.setItem(KEY, "yes");
  csrfToken.value = session.csrf;
  user.value = session.user;
  followUser(session.user.language);
}

function leave(): void {
  localStorage.removeItem(KEY);
  csrfToken.value = null;
  user.value = null;
}

whenSignedOut(leave);

/** Why the server could not say who we are; null while nothing is wrong. */
export const startProblem = signal<unknown>(null);

/** Ask the server who we are, until it says. */
export async function begin(attempt = 0): Promise<void> {
  if (!wasSignedIn()) {
    leave();
    return;
  }
  try {
    enter(await getJson<Session>("/api/session"));
  } catch (problem) {
    if (user.value !== undefined) return; // it said: nobody
    startProblem.value = problem;
    setTimeout(begin, waitMs(attempt, Math.random()), attempt + 1);
  }
}

/** Ask for a session; `enter` it. */
export const signIn = (login: string, password: string, code: string | null) =>
  post<Session>("/api/session", { login, password, code });

/** Sign out here and, who came by a provider's word, there: the next one at this computer must not be let in as this one. */
export async function signOut(): Promise<void> {
  const { leave_url } = (await (await remove("/api/session")).json()) as SignedOut;
  leave();
  if (leave_url !== null) location.assign(leave_url);
}

/** The live connection was refused: the session has ended. */
export const sessionEnded = leave;

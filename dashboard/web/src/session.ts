// Who is signed in.

import { signal } from "@preact/signals";
import { csrfToken, getJson, post, remove, whenSignedOut } from "./api/http";
import type { Session, User } from "./api/types";
import { followUser } from "./words/language";

/** Undefined: not known yet. Null: nobody. */
export const user = signal<User | null | undefined>(undefined);

function enter(session: Session): void {
  csrfToken.value = session.csrf;
  user.value = session.user;
  followUser(session.user.language);
}

function leave(): void {
  csrfToken.value = null;
  user.value = null;
}

whenSignedOut(leave);

/** Ask the server who we are; throws `ApiError` when it cannot say. */
export async function resumeSession(): Promise<void> {
  enter(await getJson<Session>("/api/session"));
}

export async function signIn(login: string, password: string): Promise<void> {
  enter(await post<Session>("/api/session", { login, password }));
}

export async function signOut(): Promise<void> {
  await remove("/api/session");
  leave();
}

/** The live connection was refused: the session has ended. */
export const sessionEnded = leave;

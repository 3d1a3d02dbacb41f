// What the page of one's own account asks, and who sets up a second factor to sign in.

import { getJson, post, postOnly, put, putOnly, remove } from "./http";
import type { Account, EndedSessions, Enrolment, FactorRoles, OpenSessions, Person, RecoveryCodes } from "./schema";

export const getAccount = (abort?: AbortSignal) => getJson<Account>("/api/account", abort);
export const changePassword = (password: string, newPassword: string) =>
  putOnly("/api/account/password", { password, new_password: newPassword });

export const beginFactor = (password: string) => post<Enrolment>("/api/account/second-factor", { password });
export const confirmFactor = (code: string) => post<RecoveryCodes>("/api/account/second-factor/confirmation", { code });
export const removeFactor = (password: string, code: string) =>
  postOnly("/api/account/second-factor/removal", { password, code });
export const renewRecovery = (password: string, code: string) =>
  post<RecoveryCodes>("/api/account/recovery-codes", { password, code });
/** Who cannot sign in without one. */
export const enrol = (login: string, password: string) =>
  post<Enrolment>("/api/session/second-factor", { login, password });

/** One's own. */
export const getOwnSessions = async (abort?: AbortSignal) =>
  (await getJson<OpenSessions>("/api/sessions", abort)).sessions;
export const endOtherSessions = async (): Promise<EndedSessions> => (await remove("/api/sessions")).json();

export const getFactorRoles = (abort?: AbortSignal) => getJson<FactorRoles>("/api/people/second-factor", abort);
export const setFactorRoles = (roles: string[]) => put<FactorRoles>("/api/people/second-factor", { roles });
export const resetFactor = async (id: number): Promise<Person> =>
  (await remove(`/api/people/${id}/second-factor`)).json();

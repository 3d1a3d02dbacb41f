// What the pages of the administration ask.

import { getJson, post, postOnly, put, putOnly, remove } from "./http";
import type {
  Chain,
  Contact,
  Duty,
  Fleet,
  FreshPassword,
  FreshToken,
  FreshWebhook,
  NewChain,
  NewContact,
  NewDuty,
  NewPerson,
  OpenSessions,
  People,
  Person,
  Policy,
  Rights,
  StorageNow,
  Token,
  Trail,
  WardRow,
  Wards,
  WardWish,
  Webhook,
} from "./schema";

export type RetainedKind = Policy["kind"];

export const getStorage = (abort?: AbortSignal) => getJson<StorageNow>("/api/storage", abort);
export const setPolicy = (kind: RetainedKind, keepDays: number | null) =>
  putOnly(`/api/retention/${kind}`, { keep_days: keepDays });
export const placeHold = (patientId: number, why: string) => postOnly(`/api/patients/${patientId}/hold`, { why });
export const releaseHold = (patientId: number) => remove(`/api/patients/${patientId}/hold`);

export const getTokens = async (abort?: AbortSignal) =>
  (await getJson<{ tokens: Token[] }>("/api/tokens", abort)).tokens;
export const addToken = (name: string, scopes: string[], days: number) =>
  post<FreshToken>("/api/tokens", { name, scopes, days });
export const revokeToken = (id: number) => remove(`/api/tokens/${id}`);

export const getWebhooks = async (abort?: AbortSignal) =>
  (await getJson<{ webhooks: Webhook[] }>("/api/webhooks", abort)).webhooks;
export const addWebhook = (name: string, url: string, priorities: string[]) =>
  post<FreshWebhook>("/api/webhooks", { name, url, priorities });
export const removeWebhook = (id: number) => remove(`/api/webhooks/${id}`);

export const getDuties = async (fromUs: number, toUs: number, abort?: AbortSignal) =>
  (await getJson<{ on_call: Duty[] }>(`/api/on-call?from_us=${Math.round(fromUs)}&to_us=${Math.round(toUs)}`, abort))
    .on_call;
export const addDuty = (duty: NewDuty) => post<Duty>("/api/on-call", duty);
export const removeDuty = (id: number) => remove(`/api/on-call/${id}`);

export const getChains = async (abort?: AbortSignal) =>
  (await getJson<{ chains: Chain[] }>("/api/escalation-chains", abort)).chains;
export const setChain = ({ ward, priority, delays_s }: NewChain) =>
  put<{ chains: Chain[] }>("/api/escalation-chains", { ward, priority, delays_s });

export const getContacts = async (abort?: AbortSignal) =>
  (await getJson<{ contacts: Contact[] }>("/api/contacts", abort)).contacts;
export const addContact = (contact: NewContact) => post<Contact>("/api/contacts", contact);
export const removeContact = (id: number) => remove(`/api/contacts/${id}`);
export const testContact = (id: number) => post<Contact>(`/api/contacts/${id}/test`);

export const getPeople = (abort?: AbortSignal) => getJson<People>("/api/people", abort);
export const addPerson = (person: NewPerson) => post<FreshPassword>("/api/people", person);
export const changePerson = (id: number, rights: Rights) => put<Person>(`/api/people/${id}`, rights);
export const resetPassword = (id: number) => post<FreshPassword>(`/api/people/${id}/password`);
export const unlinkPerson = async (id: number, issuer: string): Promise<Person> =>
  (await remove(`/api/people/${id}/issuer?${new URLSearchParams({ issuer })}`)).json();
export const disablePerson = (id: number) => post<Person>(`/api/people/${id}/disablement`);
export const enablePerson = (id: number) => remove(`/api/people/${id}/disablement`);

export const getWards = (abort?: AbortSignal) => getJson<Wards>("/api/wards", abort);
export const changeHospital = (zone: string) => put<Wards>("/api/hospital", { zone });
export const addWard = (ward: WardWish) => post<WardRow>("/api/wards", ward);
export const changeWard = (id: number, ward: WardWish) => put<WardRow>(`/api/wards/${id}`, ward);
export const removeWard = (id: number) => remove(`/api/wards/${id}`);

/** `order`: `patient`, `heard`, `battery` or `clock`. */
export function getFleet(find: string, order: string, revoked: boolean, abort?: AbortSignal): Promise<Fleet> {
  return getJson<Fleet>(`/api/devices?${new URLSearchParams({ find, order, revoked: String(revoked) })}`, abort);
}

/** Everybody's. */
export const getSessions = async (abort?: AbortSignal) =>
  (await getJson<OpenSessions>("/api/sessions?everybody=true", abort)).sessions;
export const endSession = (id: number) => remove(`/api/sessions/${id}`);

/** What is empty is not asked for. */
export function getTrail(filter: Record<string, string>, abort?: AbortSignal): Promise<Trail> {
  const asked = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ""));
  return getJson<Trail>(`/api/audit?${asked}`, abort);
}

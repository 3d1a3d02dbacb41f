// What the app knows: who is paired, how the signal goes, what was said. Signals; the screens follow them.

import { computed, signal } from "@preact/signals";
import type { AgentState } from "./agent";
import type { TeamMessage } from "./api/types";
import { clock } from "./clock";
import type { Credential } from "./link/link";
import { openDatabase, readFact, writeFact } from "./outbox/database";
import type { Contact } from "./signal/wear";
import type { StrapState } from "./wearables/strap";

/** What outlives a page, besides the outbox: said once by the server, or chosen by the patient. */
export interface Session {
  credential: Credential;
  patient: string;
  ward: string;
  /** The ward's; absent until the server has said it. */
  zone?: string;
  emergencyNumber: string;
  /** Name of the chosen wearable; empty before one was chosen. */
  strap: string;
  isRevoked: boolean;
}

export interface Press {
  press: string;
  tUs: number;
  chips: string[];
  note: string;
  /** `bootId/seq` of its latest event; empty while the outbox has not taken it. */
  event: string;
  /** The database has all of it. */
  isReceived: boolean;
  readUs: number | null;
  readBy: string | null;
}

/** A message or an answer of the patient, until the server's list has it. */
export interface Said {
  id: string;
  kind: "message" | "answer";
  tUs: number;
  text: string;
  replyTo: string | null;
  answers: TeamMessage["answers"];
  event: string;
  isReceived: boolean;
}

const DATABASE = "heartwire";
const KEPT = 50;

/** Undefined: not read yet. Null: not paired. */
export const session = signal<Session | null | undefined>(undefined);
export const agentState = signal<AgentState | null>(null);
/** `bootId/seq` of what the patient said and the database does not have yet; null while the outbox is not open. */
export const unsent = signal<ReadonlySet<string> | null>(null);
export const strapState = signal<StrapState>("none");
export const strapName = signal("");
export const contact = signal<Contact>("unknown");
export const heartRate = signal<{ bpm: number; atMs: number } | null>(null);
/** When the wearable last said anything: `performance.now()`. */
export const heardMs = signal<number | null>(null);
export const strapBattery = signal<number | null>(null);
export const phoneBattery = signal<number | null>(null);
/** What the phone's clock is corrected by, microseconds. */
export const clockOffsetUs = signal(0);
export const presses = signal<Press[]>([]);
export const said = signal<Said[]>([]);
export const messages = signal<TeamMessage[] | null>(null);
/** Another window of the app has the outbox. */
export const isElsewhere = signal(false);
/** The browser lets the app keep nothing: what is not kept would be lost. */
export const isWithoutStorage = signal(false);
/** Ticks four times a second; read it in leaves only. */
export const nowMs = signal(performance.now());
export const isOnline = signal(navigator.onLine);

/** Whom to call; before the hospital has said it, the number that every phone of Europe knows. */
export const emergencyNumber = computed(() => session.value?.emergencyNumber || "112");

/** Team's messages that the patient has not read. */
export const unread = computed(
  () => (messages.value ?? []).filter((one) => one.from === "team" && one.read_us === null).length,
);

let database: IDBDatabase | null = null;

/** Read what was kept; call once. */
export async function readStore(): Promise<void> {
  database = await openDatabase(DATABASE);
  presses.value = (await readFact<Press[]>(database, "presses")) ?? [];
  said.value = (await readFact<Said[]>(database, "said")) ?? [];
  messages.value = (await readFact<TeamMessage[]>(database, "messages")) ?? null;
  clock.assume((await readFact<number>(database, "clock")) ?? 0);
  clockOffsetUs.value = clock.correctionUs;
  session.value = (await readFact<Session>(database, "session")) ?? null;
}

async function keep(name: string, value: unknown): Promise<void> {
  if (database !== null) await writeFact(database, name, value);
}

export async function setSession(next: Session | null): Promise<void> {
  await keep("session", next ?? undefined);
  session.value = next;
}

export async function changeSession(change: Partial<Session>): Promise<void> {
  if (session.value) await setSession({ ...session.value, ...change });
}

/** What was said and received belongs to the pairing: a new patient must not see it. */
export async function forget(): Promise<void> {
  setPresses([]);
  setSaid([]);
  setMessages(null);
  agentState.value = null;
}

/** A phone whose storage is full still shows what was said: keeping it is tried, not awaited. */
const tried = (work: Promise<void>) => void work.catch(() => undefined);

/** The next page begins with what this one knows of the phone's clock. */
export function keepClockOffset(offsetUs: number): void {
  if (clockOffsetUs.value === offsetUs) return;
  clockOffsetUs.value = offsetUs;
  tried(keep("clock", offsetUs));
}

export function setPresses(next: Press[]): void {
  presses.value = next.slice(-KEPT);
  tried(keep("presses", presses.value));
}

export function setSaid(next: Said[]): void {
  said.value = next.slice(-KEPT);
  tried(keep("said", said.value));
}

export function setMessages(next: TeamMessage[] | null): void {
  messages.value = next;
  tried(keep("messages", next ?? undefined));
}

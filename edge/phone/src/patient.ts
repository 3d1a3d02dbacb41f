// What the patient says and is told: presses, messages, answers, and what the server knows of them.

import { effect, untracked } from "@preact/signals";
import { ApiError, getJson, post } from "./api/http";
import type { Answers, Looked, Messages, My } from "./api/types";
import { clock } from "./clock";
import type { Credential } from "./link/link";
import { dropOutbox, say, sendRest, stopAgent } from "./runtime";
import {
  changeSession,
  forget,
  keepClockOffset,
  messages,
  type Press,
  presses,
  type Said,
  said,
  session,
  setMessages,
  setPresses,
  setSaid,
  setSession,
  unsent,
} from "./store";
import { followPatient } from "./words/language";

/** Questions at a time for a better answer, while the phone is corrected by a poor one. */
const TIME_TRIES = 6;

/** Read receipts that were said and that the server's list may not have yet. */
const receipts = new Set<string>();

/** Who a code is for, without using it up. */
export const look = (code: string) => post<Looked>("/api/pair/look", { code });

/** Use a code up: this phone is the patient's from now on. */
export async function pair(code: string, looked: Looked): Promise<void> {
  const given = await post<Credential & { broker_ws_url: string | null }>("/api/pair", { code, description: "phone" });
  if (given.broker_ws_url === null) throw new ApiError(0, "no_websocket");
  const before = session.value;
  await stopAgent();
  if (before) dropOutbox(before.credential);
  await forget();
  followPatient(looked.language);
  await setSession({
    credential: { ...given, broker_ws_url: given.broker_ws_url },
    patient: looked.patient,
    ward: looked.ward,
    emergencyNumber: "",
    strap: "",
    isRevoked: false,
  });
}

/** End the pairing on this phone: what can still be sent is sent, and then nothing of the patient stays here. */
export async function unpair(): Promise<void> {
  const before = session.value;
  await sendRest();
  await stopAgent();
  if (before) dropOutbox(before.credential);
  await forget();
  await setSession(null);
}

/** Fetch something of the patient's; a revoked credential ends the session, nothing else does. */
export async function ask<T>(path: string): Promise<T> {
  if (!session.value) throw new ApiError(401, "device_revoked");
  try {
    return await getJson<T>(path, session.value.credential);
  } catch (problem) {
    if (problem instanceof ApiError && problem.code === "device_revoked") await changeSession({ isRevoked: true });
    throw problem;
  }
}

async function askTime(): Promise<My> {
  const leftUs = clock.steadyUs();
  const my = await ask<My>("/api/my");
  clock.learn(my.now_us, leftUs, clock.steadyUs());
  return my;
}

/** Learn the server's time, and what changed about the pairing. */
async function learnMy(): Promise<void> {
  try {
    let my = await askTime();
    // The first answer opens a connection, and is slow; another one tells the time better.
    for (let tries = 1; tries < TIME_TRIES && clock.isEstimated; tries++) my = await askTime();
    keepClockOffset(clock.correctionUs);
    const { value } = session;
    const isNew =
      value &&
      (value.patient !== my.patient ||
        value.ward !== my.ward ||
        value.zone !== my.zone ||
        value.emergencyNumber !== my.emergency_number);
    if (isNew) {
      const { patient, ward, zone } = my;
      await changeSession({ patient, ward, zone, emergencyNumber: my.emergency_number });
    }
  } catch (problem) {
    if (!(problem instanceof ApiError)) throw problem;
  }
}

async function syncMessages(): Promise<void> {
  let got: Messages;
  try {
    got = await ask<Messages>("/api/my/messages");
  } catch (problem) {
    if (problem instanceof ApiError) return; // what was there before stays on the screen
    throw problem;
  }
  const there = new Set(got.messages.map((one) => one.id));
  const seen = new Map(got.seen.map((one) => [one.id, one]));
  setMessages(
    got.messages.map((one) => (receipts.has(one.id) && one.read_us === null ? { ...one, read_us: 0 } : one)).reverse(),
  );
  if (said.value.some((one) => there.has(one.id))) setSaid(said.value.filter((one) => !there.has(one.id)));
  const read = (press: (typeof presses.value)[number]) => {
    const receipt = seen.get(press.press);
    return receipt ? { ...press, readUs: receipt.t_us, readBy: receipt.by } : press;
  };
  if (presses.value.some((press) => press.readUs === null && seen.has(press.press)))
    setPresses(presses.value.map(read));
}

/** Ask the server what is new; one question at a time, and once more where there was news meanwhile. */
let syncing: Promise<void> | null = null;
let isNewsSince = false;
export function sync(): Promise<void> {
  isNewsSince = true;
  syncing ??= (async () => {
    try {
      while (isNewsSince) {
        isNewsSince = false;
        await learnMy();
        await syncMessages();
      }
    } finally {
      syncing = null;
    }
  })();
  return syncing;
}

const newId = () => crypto.randomUUID();

/** The patient feels something: said at once, details may follow. */
export function press(): string {
  const id = newId();
  const tUs = clock.stampUs();
  const one: Press = { press: id, tUs, chips: [], note: "", event: "", isReceived: false, readUs: null, readBy: null };
  setPresses([...presses.value, sayPress(one)]);
  return id;
}

/** More about a press; its time stays that of the press. */
export function tellMore(id: string, chips: string[], note: string): void {
  setPresses(presses.value.map((one) => (one.press === id ? sayPress({ ...one, chips, note }) : one)));
}

const sayPress = (one: Press): Press => ({
  ...one,
  event: say("symptom", { press: one.press, chips: one.chips, note: one.note }, one.tUs),
  isReceived: false,
});

const saySaid = (one: Said): Said => ({
  ...one,
  event:
    one.kind === "message"
      ? say("message", { id: one.id, text: one.text }, one.tUs)
      : say("answer", { question_id: one.replyTo, answers: one.answers }, one.tUs),
});

function addSaid(one: Omit<Said, "event" | "isReceived">): void {
  setSaid([...said.value, saySaid({ ...one, event: "", isReceived: false })]);
}

/**
 * Follow what becomes of the patient's words. What leaves the outbox is received. What an outbox that was just opened does
 * not hold, and nobody said was received, is said again: it was said while no outbox was open, or its page was closed before
 * the disk had it. The server knows what it has by its id.
 */
export function followWords(): void {
  let isOpen = false;
  effect(() => {
    const waiting = unsent.value;
    const isNew = !isOpen;
    isOpen = waiting !== null;
    if (waiting === null) return;
    const settle = <T extends Press | Said>(one: T, again: (one: T) => T): T => {
      if (one.isReceived || (one.event !== "" && waiting.has(one.event))) return one;
      return isNew || one.event === "" ? again(one) : { ...one, isReceived: true };
    };
    untracked(() => {
      const settledPresses = presses.value.map((one) => settle(one, sayPress));
      if (settledPresses.some((one, i) => one !== presses.value[i])) setPresses(settledPresses);
      const settledSaid = said.value.map((one) => settle(one, saySaid));
      if (settledSaid.some((one, i) => one !== said.value[i])) setSaid(settledSaid);
    });
  });
}

export function write(text: string): void {
  const id = newId();
  const tUs = clock.stampUs();
  addSaid({ id, kind: "message", tUs, text, replyTo: null, answers: null });
}

export function answer(questionId: string, answers: Answers): void {
  const tUs = clock.stampUs();
  addSaid({ id: `answer-${questionId}`, kind: "answer", tUs, text: "", replyTo: questionId, answers });
  markRead(questionId);
}

/** The patient has read a message of the team: said once. */
export function markRead(id: string): void {
  if (receipts.has(id) || say("read", id, clock.stampUs()) === "") return;
  receipts.add(id);
  setMessages((messages.value ?? []).map((one) => (one.id === id ? { ...one, read_us: one.read_us ?? 0 } : one)));
}

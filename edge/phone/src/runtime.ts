// The app at work: what the store knows is made true. A session starts the agent; a chosen wearable feeds it; what the
// server says about the patient is fetched when there is news.

import { effect, untracked } from "@preact/signals";
import { Agent } from "./agent";
import { clock, JUMP_US } from "./clock";
import type { Credential } from "./link/link";
import { Outbox } from "./outbox/outbox";
import { Lead } from "./signal/lead";
import { Recorder } from "./signal/recorder";
import {
  agentState,
  changeSession,
  contact,
  heardMs,
  heartRate,
  isElsewhere,
  isOnline,
  isWithoutStorage,
  nowMs,
  phoneBattery,
  session,
  strapBattery,
  strapName,
  strapState,
  unsent,
} from "./store";
import { FS_HZ } from "./wearables/polar_h10";
import { Strap } from "./wearables/strap";
import type { Reading } from "./wearables/wearable";
import { type EventKind, encodeEvent } from "./wire/frames";

/** ADR 3's bound: seven days of an H10. */
const OUTBOX_MAX_BYTES = 256_000_000;
const LEAD_S = 8;
const TICK_MS = 250;
/** So long what is left may take to be stored when the phone is disconnected. */
const REST_MS = 5000;
const SYNC_EVERY_MS = 30_000;

export const lead = new Lead(FS_HZ, LEAD_S);

/** Called when the server may know something new. */
let onNews: () => void = () => undefined;
export function whenNews(act: () => void): void {
  onNews = act;
}

let agent: Agent | null = null;
let outbox: Outbox | null = null;
let recorder: Recorder | null = null;
let eventSeq = 0;
const outboxName = ({ device }: Credential) => `heartwire-outbox-${device}`;

const strap = new Strap({
  onState(state) {
    strapState.value = state;
    strapName.value = strap.name;
    if (state !== "on") {
      recorder?.interrupt();
      contact.value = "unknown";
      heartRate.value = null;
    }
    agent?.tellStatus();
  },
  onReading: hear,
});

function hear(reading: Reading): void {
  heardMs.value = performance.now();
  if (reading.kind === "ecg" && recorder !== null) {
    const heard = recorder.hearEcg(reading, clock.nowUs());
    contact.value = heard.contact;
    lead.add(
      heard.t0Us,
      reading.samplesUv.map((uv) => uv / 1000),
    );
  } else if (reading.kind === "heart_rate") {
    heartRate.value = { bpm: reading.bpm, atMs: performance.now() };
    if (reading.contact === 1) contact.value = "no_contact";
    else if (contact.value === "no_contact") contact.value = "unknown";
    recorder?.hearHeartRate(reading, clock.stampUs());
  } else if (reading.kind === "battery") {
    strapBattery.value = reading.percent;
    agent?.tellStatus();
  }
}

/** Let the patient choose a wearable; only a tap may call it. */
export async function chooseStrap(): Promise<boolean> {
  const isChosen = await strap.choose();
  if (isChosen) await changeSession({ strap: strap.name });
  return isChosen;
}

/** Say something on the wire; returns the `bootId/seq` by which it is known until the database has it, or an empty text
 * while no agent is there to take it: then it is not said. */
export function say(kind: EventKind, content: unknown, tUs: number): string {
  if (agent === null) return "";
  const { bootId } = agent;
  const seq = eventSeq++;
  const text = typeof content === "string" ? content : JSON.stringify(content);
  const name = `${bootId}/${seq}`;
  if (unsent.value !== null) unsent.value = new Set([...unsent.value, name]);
  agent.put("event", seq, encodeEvent({ bootId, seq, t0: Math.round(tUs), kind, text }));
  return name;
}

async function startAgent(credential: Credential): Promise<void> {
  const opened = await Outbox.open(outboxName(credential), OUTBOX_MAX_BYTES, Date.now() / 1000);
  void navigator.storage?.persist?.();
  outbox = opened;
  eventSeq = 0;
  const started = new Agent(
    opened,
    credential,
    () => ({ batteryPercent: phoneBattery.value, wearable: strapName.value }),
    (state) => {
      const wasUp = agentState.value?.isUp;
      agentState.value = state;
      if (state.isUp && !wasUp) onNews();
      if (state.problem === "refused" || state.refusal === "revoked_device") onNews();
    },
    () => onNews(),
    (waiting) => {
      unsent.value = waiting;
    },
  );
  agent = started;
  recorder = new Recorder(
    opened.bootId,
    (stream, seq, payload) => started.put(stream, seq, payload),
    () => clock.isEstimated,
  );
  started.start();
  const name = session.value?.strap;
  if (name) await strap.remember(name).catch(() => false);
}

/** Hear no more, and give what was heard a moment to be stored; without a connection, none. */
export async function sendRest(): Promise<void> {
  strap.stop();
  recorder?.interrupt();
  for (let ms = 0; ms < REST_MS && agentState.value?.isUp && agentState.value.contents.frames > 0; ms += TICK_MS) {
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
}

export async function stopAgent(): Promise<void> {
  strap.stop();
  recorder?.interrupt();
  recorder = null;
  const stopping = agent;
  agent = null;
  outbox = null;
  unsent.value = null;
  await stopping?.stop();
}

/** What is told as UTC jumped: no time within a run may lie before another that was told there. */
function followClock(byUs: number): void {
  if (byUs >= -JUMP_US) recorder?.setClock(byUs);
  else if (agent !== null) {
    recorder?.interrupt();
    const bootId = agent.beginRun();
    eventSeq = 0;
    recorder?.beginRun(bootId);
  }
}

/** The screen stays on while a wearable streams: a phone that sleeps hears no Bluetooth. */
function keepAwake(): void {
  let lock: WakeLockSentinel | null = null;
  const update = async () => {
    const isWanted = strapState.value !== "none" && document.visibilityState === "visible";
    if (isWanted && (lock === null || lock.released)) {
      try {
        lock = (await navigator.wakeLock?.request("screen")) ?? null;
      } catch {
        // A low battery may forbid it: the signal goes on for as long as the phone lets it.
      }
    } else if (!isWanted && lock !== null) {
      await lock.release();
      lock = null;
    }
  };
  document.addEventListener("visibilitychange", () => void update());
  effect(() => {
    strapState.value;
    void untracked(update);
  });
}

interface Battery extends EventTarget {
  readonly level: number;
}

async function watchBattery(): Promise<void> {
  const { getBattery } = navigator as { getBattery?: () => Promise<Battery> };
  const battery = await getBattery?.call(navigator);
  if (battery === undefined) return;
  const update = () => {
    phoneBattery.value = Math.round(battery.level * 100);
  };
  battery.addEventListener("levelchange", update);
  update();
}

/** Run for as long as the page lives. One window has the outbox; another waits until it is closed. */
export function run(): void {
  setInterval(() => {
    nowMs.value = performance.now();
    clock.look();
  }, TICK_MS);
  clock.onStep = () => onNews();
  clock.onJump = followClock;
  setInterval(() => {
    if (agent !== null && document.visibilityState === "visible") onNews();
  }, SYNC_EVERY_MS);
  addEventListener("online", () => {
    isOnline.value = true;
    agent?.hurry();
    onNews();
  });
  addEventListener("offline", () => {
    isOnline.value = false;
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") onNews();
  });
  keepAwake();
  void watchBattery().catch(() => undefined);
  void holdLock();
}

async function holdLock(): Promise<void> {
  const forEver = () => {
    isElsewhere.value = false;
    followSession();
    return new Promise<never>(() => undefined);
  };
  if (navigator.locks === undefined) {
    void forEver();
    return;
  }
  await navigator.locks.request("heartwire", { ifAvailable: true }, (lock) => {
    if (lock !== null) return forEver();
    isElsewhere.value = true;
    return undefined;
  });
  await navigator.locks.request("heartwire", forEver);
}

function followSession(): void {
  let running: string | null = null;
  effect(() => {
    const value = session.value;
    const wanted = value && !value.isRevoked ? value.credential.device : null;
    if (wanted === running) return;
    running = wanted;
    untracked(() => {
      void (async () => {
        await stopAgent();
        if (value && wanted !== null) await startAgent(value.credential);
      })().catch(tellStorage);
    });
  });
}

/** The outbox cannot be opened: nobody may believe that anything is kept. */
export function tellStorage(problem: unknown): void {
  isWithoutStorage.value = true;
  throw problem;
}

/** What waits of a pairing that ended can never be stored: it goes with the pairing. */
export function dropOutbox(credential: Credential): void {
  outbox?.close();
  indexedDB.deleteDatabase(outboxName(credential));
}

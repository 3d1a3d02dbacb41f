// The live connection. It says at once when the picture is no longer live, and heals by itself.

import { computed, effect, signal } from "@preact/signals";
import { begin, sessionEnded } from "../session";
import { heardWard } from "../ward/ward";
import { heardBeats, heardEcg } from "../wave/leads";
import { waitMs } from "./backoff";
import { type LiveMessage, readMessages } from "./messages";
import { heardServerTime, monotonicUs } from "./server_clock";
import { watched } from "./watching";

/** Silence after which the picture is not live, microseconds. */
const SILENCE_US = 3e6;
const NOT_SIGNED_IN = 4401;
const FORBIDDEN = 4403;

export type Liveness = "connecting" | "live" | "lost";
export const liveness = signal<Liveness>("connecting");
export const isLive = computed(() => liveness.value === "live");
/** Monotonic time at which the picture was last live, microseconds. */
export const lastLiveUs = signal(monotonicUs());

let socket: WebSocket | null = null;
let heardUs = 0;
let attempt = 0;
let retry: ReturnType<typeof setTimeout> | undefined;
let watchdog: ReturnType<typeof setInterval> | undefined;

function lose(): void {
  if (liveness.value === "live") lastLiveUs.value = heardUs;
  liveness.value = "lost";
}

function hear(message: LiveMessage): void {
  if (message.kind === "ward") {
    heardUs = monotonicUs(); // waves alone are not a picture of the ward
    heardServerTime(message.ward.now_us);
    heardWard(message.ward);
    liveness.value = "live";
    attempt = 0;
  } else if (message.kind === "ecg") heardEcg(message.record);
  else if (message.kind === "beats") heardBeats(message.beats);
}

function open(): void {
  const url = new URL("/api/live", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const mine = new WebSocket(url);
  mine.binaryType = "arraybuffer";
  socket = mine;
  heardUs = monotonicUs();
  mine.onopen = sendWatched;
  mine.onmessage = (event: MessageEvent<ArrayBuffer | string>) => {
    if (mine !== socket || typeof event.data === "string" || event.data.byteLength === 0) return;
    try {
      for (const message of readMessages(event.data)) hear(message);
    } catch {
      mine.close(); // what we cannot read we do not show; a new connection begins with a full picture
    }
  };
  mine.onclose = (event) => {
    if (mine !== socket) return;
    socket = null;
    lose();
    if (event.code === NOT_SIGNED_IN) {
      disconnect();
      sessionEnded();
    } else if (event.code === FORBIDDEN) {
      disconnect();
      begin(); // what one may is asked anew, and shown
    } else retry = setTimeout(open, waitMs(attempt++, Math.random()));
  };
}

function watchSilence(): void {
  if (socket === null || monotonicUs() - heardUs <= SILENCE_US) return;
  const silent = socket;
  socket = null;
  lose();
  silent.onclose = null;
  silent.close();
  retry = setTimeout(open, waitMs(attempt++, Math.random()));
}

function sendWatched(): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ watch: watched.value }));
}
effect(() => {
  watched.value;
  sendWatched();
});

/** Tell which alarms this screen has painted; false while nobody can be told. */
export function sendShown(ids: readonly number[]): boolean {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify({ shown: ids }));
  return true;
}

/** Begin; goes on while it is on its way already. */
export function connect(): void {
  if (watchdog !== undefined) return;
  liveness.value = "connecting";
  lastLiveUs.value = monotonicUs();
  watchdog = setInterval(watchSilence, 250);
  open();
}

export function disconnect(): void {
  clearTimeout(retry);
  clearInterval(watchdog);
  watchdog = undefined;
  const mine = socket;
  socket = null;
  mine?.close();
}

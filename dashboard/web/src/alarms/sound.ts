// The voice of the alarms. Browsers refuse sound until a person has touched the page: that state is always shown.

import { computed, effect, signal } from "@preact/signals";
import type { Alarm, Priority } from "../api/types";
import { isLive } from "../live/connection";
import { isUnanswered } from "../ward/order";
import { shown, systemAlarms } from "../ward/ward";
import { BURSTS, FUNDAMENTAL_HZ, HARMONICS } from "./tones";

export type SoundState = "on" | "blocked" | "muted" | "unavailable";

const LOUDNESS = 0.25;
const RISE_S = 0.02;

const muted = signal(false);
const running = signal(false);
let context: AudioContext | null = null;
let wave: PeriodicWave | null = null;

export const soundState = computed<SoundState>(() => {
  if (typeof AudioContext === "undefined") return "unavailable";
  if (muted.value) return "muted";
  return running.value ? "on" : "blocked";
});

/** A person silenced it, or paused its patient's alarms: also what was raised and over meanwhile stays silent. */
const isHeldBack = ({ state, paused_us }: Alarm) =>
  state === "silenced" || state === "paused" || (state === "latched" && paused_us !== null);

/** What is to be heard: unanswered, of now, of the wards on this screen. */
export const sounding = computed<readonly Alarm[]>(() =>
  [...systemAlarms.value, ...shown.value.flatMap(({ alarms }) => alarms)].filter(
    (alarm) => isUnanswered(alarm) && !alarm.late && !isHeldBack(alarm),
  ),
);

const ORDER: readonly Priority[] = ["high", "medium", "low"];
const gravest = computed(() => ORDER.find((priority) => sounding.value.some((alarm) => alarm.priority === priority)));

/** Ask the browser for sound; it says yes only after a touch or a key. */
export function allowSound(): void {
  if (typeof AudioContext === "undefined") return;
  if (context === null) {
    context = new AudioContext();
    context.onstatechange = () => {
      running.value = context?.state === "running";
    };
    running.value = context.state === "running";
  }
  if (context.state !== "running") context.resume().catch(() => undefined); // still blocked, and shown so
}

export function pressSound(): void {
  if (soundState.value === "blocked") allowSound();
  else muted.value = !muted.value;
}

function play(priority: Priority): void {
  if (context === null || soundState.value !== "on") return;
  wave ??= context.createPeriodicWave(new Float32Array(HARMONICS.length), new Float32Array(HARMONICS));
  const volume = context.createGain();
  volume.gain.value = 0;
  volume.connect(context.destination);
  const tone = context.createOscillator();
  tone.setPeriodicWave(wave);
  tone.frequency.value = FUNDAMENTAL_HZ[priority];
  tone.connect(volume);
  const beginS = context.currentTime + 0.02;
  const { pulses, lengthS } = BURSTS[priority];
  for (const { atS, lengthS: pulseS } of pulses) {
    volume.gain.setValueAtTime(0, beginS + atS);
    volume.gain.linearRampToValueAtTime(LOUDNESS, beginS + atS + RISE_S);
    volume.gain.setValueAtTime(LOUDNESS, beginS + atS + pulseS - RISE_S);
    volume.gain.linearRampToValueAtTime(0, beginS + atS + pulseS);
  }
  tone.start(beginS);
  tone.stop(beginS + lengthS + 0.05);
  tone.onended = () => volume.disconnect();
}

let next: ReturnType<typeof setTimeout> | undefined;
let heard = new Set<number>();

/** Sound while something sounds: at once for what is new, then in the priority's rhythm. */
function follow(): void {
  const priority = gravest.value;
  const alarms = sounding.value;
  const state = soundState.value;
  const isNew = alarms.some((alarm) => alarm.priority === priority && !heard.has(alarm.id));
  if (state === "on") heard = new Set(alarms.map((alarm) => alarm.id));
  if (priority === undefined || state !== "on" || !isLive.value) {
    clearTimeout(next);
    next = undefined;
    return;
  }
  if (isNew || (next === undefined && BURSTS[priority].pauseS !== null)) soundAgain(priority);
}

function soundAgain(priority: Priority): void {
  clearTimeout(next);
  play(priority);
  const { lengthS, pauseS } = BURSTS[priority];
  next = undefined;
  if (pauseS === null) return;
  next = setTimeout(
    () => {
      next = undefined;
      if (gravest.value !== undefined && BURSTS[gravest.value].pauseS !== null) soundAgain(gravest.value);
    },
    1000 * (lengthS + pauseS),
  );
}

/** Begin; call once. Any touch of the page wakes the sound that the browser held back. */
export function beginSound(): void {
  allowSound();
  const wake = ({ target }: Event) => {
    // The sound's own button does it by itself: woken here it would mute at once.
    if (target instanceof Element && target.closest("[data-sound]")) return;
    if (soundState.value === "blocked") allowSound();
  };
  addEventListener("pointerdown", wake, { capture: true });
  addEventListener("keydown", wake, { capture: true });
  effect(follow);
}

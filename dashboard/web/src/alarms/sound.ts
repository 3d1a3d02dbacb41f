// The voice of the alarms. Browsers refuse sound until a person has touched the page: that state is always shown.

import { computed, effect, signal } from "@preact/signals";
import type { Alarm, Family, Priority, WardPatient } from "../api/types";
import { isLive } from "../live/connection";
import { isUnanswered } from "../ward/order";
import { shown, systemAlarms, ward } from "../ward/ward";
import { isHeldBack } from "./in_force";
import { BURSTS, type Burst, HARMONICS, LOUDNESS, REMINDER, REMINDER_LOUDNESS, RISE_SHARE } from "./tones";

export type SoundState = "on" | "blocked" | "muted" | "unavailable";

/** So often a person is reminded that something which should call does not, ms. */
const REMIND_MS = 180_000;

const muted = signal(false);
const running = signal(false);
let context: AudioContext | null = null;
let wave: PeriodicWave | null = null;

export const soundState = computed<SoundState>(() => {
  if (typeof AudioContext === "undefined") return "unavailable";
  if (muted.value) return "muted";
  return running.value ? "on" : "blocked";
});

/** What is to be heard: unanswered, of now, of the wards on this screen, and held back by nobody. */
export const sounding = computed<readonly Alarm[]>(() => {
  const pauses = ward.value?.pauses ?? [];
  const calls = (alarms: readonly Alarm[], patient: WardPatient | null) =>
    alarms.filter((alarm) => isUnanswered(alarm) && !alarm.late && !isHeldBack(alarm, patient, pauses));
  return [...calls(systemAlarms.value, null), ...shown.value.flatMap(({ patient, alarms }) => calls(alarms, patient))];
});

const PRIORITIES: readonly Priority[] = ["high", "medium", "low"];
/** The gravest of what is to be heard; of equally grave ones a heart before the system. */
const gravest = computed<readonly [Priority, Family] | null>(() => {
  const priority = PRIORITIES.find((one) => sounding.value.some((alarm) => alarm.priority === one));
  if (priority === undefined) return null;
  const isHeart = sounding.value.some((alarm) => alarm.priority === priority && alarm.family === "clinical");
  return [priority, isHeart ? "clinical" : "technical"];
});

/** Something is open that does not call: muted here, paused by somebody, or acknowledged while it lasts. */
const isQuietened = computed(() => {
  const open = [...systemAlarms.value, ...shown.value.flatMap(({ alarms }) => alarms)];
  const lasts = open.some(({ state, priority, ended_us: endedUs }) => {
    return state === "acknowledged" && priority === "high" && endedUs === null;
  });
  return lasts || (ward.value?.pauses ?? []).length > 0 || (muted.value && open.some(isUnanswered));
});

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

function play({ pulses, lengthS }: Burst, loudness: number): void {
  if (context === null || !running.value) return;
  wave ??= context.createPeriodicWave(new Float32Array(HARMONICS.length), new Float32Array(HARMONICS));
  const volume = context.createGain();
  volume.gain.value = 0;
  volume.connect(context.destination);
  const tone = context.createOscillator();
  tone.setPeriodicWave(wave);
  tone.connect(volume);
  const beginS = context.currentTime + 0.02;
  for (const { atS, lengthS: pulseS, hz } of pulses) {
    const fromS = beginS + atS;
    const riseS = pulseS * RISE_SHARE;
    tone.frequency.setValueAtTime(hz, fromS);
    volume.gain.setValueAtTime(0, fromS);
    volume.gain.linearRampToValueAtTime(loudness, fromS + riseS);
    volume.gain.setValueAtTime(loudness, fromS + pulseS - riseS);
    volume.gain.linearRampToValueAtTime(0, fromS + pulseS);
  }
  tone.start(beginS);
  tone.stop(beginS + lengthS + 0.05);
  tone.onended = () => volume.disconnect();
}

let next: ReturnType<typeof setTimeout> | undefined;
let heard = new Set<number>();

/** Sound while something sounds: at once for what is new, then in the priority's rhythm. */
function follow(): void {
  const loudest = gravest.value;
  const alarms = sounding.value;
  const state = soundState.value;
  const isNew = alarms.some((alarm) => alarm.priority === loudest?.[0] && !heard.has(alarm.id));
  // A picture may come a moment before the page counts as live: what only then sounds was not heard yet.
  if (state === "on" && isLive.value) heard = new Set(alarms.map((alarm) => alarm.id));
  if (loudest === null || state !== "on" || !isLive.value) {
    clearTimeout(next);
    next = undefined;
    return;
  }
  if (isNew || (next === undefined && burstOf(loudest).pauseS !== null)) soundAgain(loudest);
}

const burstOf = ([priority, family]: readonly [Priority, Family]): Burst => BURSTS[family][priority];

function soundAgain(loudest: readonly [Priority, Family]): void {
  clearTimeout(next);
  const burst = burstOf(loudest);
  play(burst, LOUDNESS[loudest[0]]);
  next = undefined;
  if (burst.pauseS === null) return;
  next = setTimeout(
    () => {
      next = undefined;
      const now = gravest.value;
      if (now !== null && soundState.value === "on" && burstOf(now).pauseS !== null) soundAgain(now);
    },
    1000 * (burst.lengthS + burst.pauseS),
  );
}

function remind(): () => void {
  if (!isQuietened.value) return () => undefined;
  // Muted, too: that this screen is silent is just what is to be heard.
  const again = setInterval(() => play(REMINDER, REMINDER_LOUDNESS), REMIND_MS);
  return () => clearInterval(again);
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
  effect(remind);
}

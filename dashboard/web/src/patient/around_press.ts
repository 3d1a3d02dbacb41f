// Which ECG belongs to a press of the symptom button, and how long it may take to come. Pure.

import type { Symptom } from "../api/schema";

/** How much is shown before and after the press, microseconds. */
export const AROUND_US = 10e6;
/** The signal may come after the word about it: it is looked for again for so long, microseconds. */
const ARRIVES_US = 120e6;

/** Whether signal around a press may still come: its phone sends what it kept. */
export const mayArrive = (
  { pressed_us: pressedUs, received_us: receivedUs }: Pick<Symptom, "pressed_us" | "received_us">,
  nowUs: number,
): boolean => nowUs < Math.max(pressedUs + AROUND_US, receivedUs) + ARRIVES_US;

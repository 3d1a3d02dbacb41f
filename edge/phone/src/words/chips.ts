// What a patient may say of a press, in the order in which it is offered.

import { words } from "./words";

export const CHIPS = ["palpitations", "dizzy", "chest_pain", "short_of_breath"] as const;

/** The chosen ones in words; empty where none is known. */
export const wordsOfChips = (chosen: readonly string[]): string =>
  CHIPS.filter((chip) => chosen.includes(chip))
    .map((chip) => words(`chip.${chip}`))
    .join(", ");

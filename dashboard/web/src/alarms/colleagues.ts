// Who may be given patients; asked for when a dialog needs it.

import { signal } from "@preact/signals";
import { getColleagues } from "../api/alarms";
import type { Colleague } from "../api/types";
import { sayFailure } from "./answer";

/** Null until they are known. */
export const colleagues = signal<readonly Colleague[] | null>(null);

export function learnColleagues(): void {
  getColleagues().then((found) => {
    colleagues.value = found;
  }, sayFailure);
}

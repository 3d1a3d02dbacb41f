// How this browser shows the ward: how dense, in which order, and whom.

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { tickUs } from "../live/server_clock";
import { user } from "../session";
import { matches } from "./matches";
import { inPlaces, isInTrouble } from "./order";
import { shown, type Watched } from "./ward";

export const DENSITIES = ["auto", "comfortable", "compact", "wall"] as const;
export type Density = (typeof DENSITIES)[number];
/** Trouble first; or everybody always at his place, trouble in a strip above. */
export const ORDERS = ["trouble", "places"] as const;
export type Order = (typeof ORDERS)[number];
export const WHOM = ["all", "mine", "trouble"] as const;
export type Whom = (typeof WHOM)[number];

/** A choice of this browser, kept by it. */
function kept<T extends string>(name: string, among: readonly T[], first: T): [ReadonlySignal<T>, (next: T) => void] {
  const key = `heartwire.${name}`;
  const stored = globalThis.localStorage?.getItem(key);
  const choice: Signal<T> = signal(among.find((one) => one === stored) ?? first);
  return [
    choice,
    (next) => {
      localStorage.setItem(key, next);
      choice.value = next;
    },
  ];
}

export const [density, chooseDensity] = kept("density", DENSITIES, "auto");
export const [order, chooseOrder] = kept("order", ORDERS, "trouble");
/** Not kept beyond a reload: who comes back must not miss anybody. */
export const whom = signal<Whom>("all");
export const search = signal("");

export function seeEverybody(): void {
  whom.value = "all";
  search.value = "";
}

function isWanted({ patient, alarms }: Watched): boolean {
  if (whom.value === "mine" && patient.nurse?.id !== user.value?.id) return false;
  if (whom.value === "trouble" && !isInTrouble({ patient, alarms }, tickUs.peek())) return false;
  return matches(patient.name, search.value);
}

/** Those on the screen. What sounds does not depend on it: a search silences nobody. */
export const visible = computed<readonly Watched[]>(() => {
  const wanted = shown.value.filter(isWanted);
  return order.value === "places" ? inPlaces(wanted) : wanted;
});

/** Those of this ward whom search or filter keeps from the screen. */
export const unseen = computed(() => shown.value.filter((watched) => !visible.value.includes(watched)));
export const isNarrowed = computed(() => whom.value !== "all" || search.value !== "");

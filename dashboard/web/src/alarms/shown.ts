// Which alarms a person could have seen here: painted, in sight, on a page that is not hidden. The server is told of each once.

import { effect, untracked } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Alarm } from "../api/types";
import { isLive, sendShown } from "../live/connection";
import { monotonicUs } from "../live/server_clock";
import { ward } from "../ward/ward";

/** What the server has not confirmed by its picture after this time is told again, microseconds. */
const AGAIN_US = 5e6;
/** The server takes no more at once. */
const MOST = 1000;

const idsOf = new Map<Element, readonly number[]>();
const inSight = new Set<Element>();
const toldUs = new Map<number, number>();
let asked = 0;

const sight =
  typeof IntersectionObserver === "undefined"
    ? null
    : new IntersectionObserver((changes) => {
        for (const { target, isIntersecting } of changes) {
          if (isIntersecting) inSight.add(target);
          else inSight.delete(target);
        }
        tellSoon();
      });

/** Twice: the first frame paints what the second finds painted. */
function tellSoon(): void {
  cancelAnimationFrame(asked);
  asked = requestAnimationFrame(() => {
    asked = requestAnimationFrame(tell);
  });
}

function tell(): void {
  if (document.visibilityState !== "visible" || !isLive.value) return;
  const waiting = new Set((ward.value?.alarms ?? []).filter((alarm) => alarm.shown_us === null).map(({ id }) => id));
  const nowUs = monotonicUs();
  const fresh = [...inSight]
    .flatMap((element) => idsOf.get(element) ?? [])
    .filter((id) => waiting.has(id) && nowUs - (toldUs.get(id) ?? Number.NEGATIVE_INFINITY) > AGAIN_US)
    .slice(0, MOST);
  for (const id of toldUs.keys()) if (!waiting.has(id)) toldUs.delete(id);
  if (fresh.length === 0 || !sendShown([...new Set(fresh)])) return;
  for (const id of fresh) toldUs.set(id, nowUs);
}

/** Begin; call once. */
export function beginTellingShown(): void {
  document.addEventListener("visibilitychange", tellSoon);
  effect(() => {
    if (ward.value !== null && isLive.value) untracked(tellSoon);
  });
}

/** What shows these alarms carries this ref; those that a screen has shown before cost nothing. */
export function useShown<T extends HTMLElement>(alarms: readonly Alarm[]) {
  const ref = useRef<T>(null);
  const ids = alarms
    .filter((alarm) => alarm.shown_us === null)
    .map(({ id }) => id)
    .join();
  useEffect(() => {
    const element = ref.current;
    if (element === null || ids === "") return undefined;
    idsOf.set(element, ids.split(",").map(Number));
    sight?.observe(element);
    return () => {
      sight?.unobserve(element);
      idsOf.delete(element);
      inSight.delete(element);
    };
  }, [ids]);
  return ref;
}

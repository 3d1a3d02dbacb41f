// What a hand does on the record: click to choose, drag to go on, wheel and pinch to come nearer.

import type { Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { move, rowHeight, type Span, timeAt, type View, zoom } from "./view";

/** What is moved less than this is a click, CSS px. */
const STILL_PX = 6;
/** So much of wheel or of two fingers is one step. */
const WHEEL_STEP = 60;
const PINCH_STEP = 1.5;

interface Given {
  view: () => View;
  stored: Span;
  show: (view: View) => void;
  onChoose: (tUs: number) => void;
  pointedUs: Signal<number | null>;
}

interface Hand {
  x: number;
  y: number;
  beganX: number;
  beganY: number;
}

export function useGestures({ view, stored, show, onChoose, pointedUs }: Given) {
  const plot = useRef<HTMLDivElement>(null);
  const hands = useRef(new Map<number, Hand>());
  const began = useRef<View | null>(null);
  const pinchedPx = useRef(0);
  const wheeled = useRef(0);
  const latest = useRef({ view, stored, show });
  latest.current = { view, stored, show };

  const placeOf = () => {
    const box = plot.current?.getBoundingClientRect();
    return { left: box?.left ?? 0, top: box?.top ?? 0, widthPx: box?.width ?? 1, heightPx: box?.height ?? 1 };
  };
  const timeOf = ({ clientX, clientY }: { clientX: number; clientY: number }) => {
    const place = placeOf();
    return timeAt(latest.current.view(), place, clientX - place.left, clientY - place.top);
  };

  useEffect(() => {
    const element = plot.current;
    if (element === null) return undefined;
    // Not passive: what is meant for the record must not zoom the page.
    const onWheel = (event: WheelEvent) => {
      const isZoom = event.ctrlKey || event.metaKey;
      if (!isZoom && !event.shiftKey) return;
      event.preventDefault();
      wheeled.current += event.deltaY || event.deltaX;
      const steps = Math.trunc(wheeled.current / WHEEL_STEP);
      if (steps === 0) return;
      wheeled.current = 0;
      const now = latest.current.view();
      if (isZoom) latest.current.show(zoom(now, now.level - Math.sign(steps), timeOf(event), latest.current.stored));
      else latest.current.show(move(now, steps, latest.current.stored));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, []);

  const apart = () => {
    const [a, b] = [...hands.current.values()];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  };
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const { clientX: x, clientY: y } = event;
    hands.current.set(event.pointerId, { x, y, beganX: x, beganY: y });
    plot.current?.setPointerCapture(event.pointerId);
    began.current = view();
    pinchedPx.current = apart();
  };
  const onPointerMove = (event: PointerEvent) => {
    pointedUs.value = timeOf(event);
    const hand = hands.current.get(event.pointerId);
    if (hand === undefined) return;
    hand.x = event.clientX;
    hand.y = event.clientY;
    if (hands.current.size > 1) pinch();
    else drag(hand);
  };
  const pinch = () => {
    const px = apart();
    const times = px / Math.max(1, pinchedPx.current);
    if (times < PINCH_STEP && times > 1 / PINCH_STEP) return;
    pinchedPx.current = px;
    const points = [...hands.current.values()];
    const middle = (get: (hand: Hand) => number) => points.reduce((sum, hand) => sum + get(hand), 0) / points.length;
    const atUs = timeOf({ clientX: middle((hand) => hand.x), clientY: middle((hand) => hand.y) });
    const now = view();
    show(zoom(now, now.level + (times > 1 ? 1 : -1), atUs, stored));
    began.current = null;
  };
  /** Up and down row by row; to the side a page for the width. */
  const drag = ({ x, y, beganX, beganY }: Hand) => {
    const from = began.current;
    const isMoved = Math.hypot(x - beganX, y - beganY) > STILL_PX;
    if (from === null || !isMoved) return;
    const place = placeOf();
    const rowPx = rowHeight(from, place);
    const rows = (beganY - y) / rowPx + ((beganX - x) / place.widthPx) * (place.heightPx / rowPx);
    const next = move(from, rows, stored);
    if (next.fromUs !== view().fromUs) show(next);
  };
  const onPointerUp = (event: PointerEvent) => {
    const hand = hands.current.get(event.pointerId);
    hands.current.delete(event.pointerId);
    const isClick = hand && Math.hypot(hand.x - hand.beganX, hand.y - hand.beganY) <= STILL_PX;
    if (isClick && began.current !== null) {
      onChoose(Math.max(stored.first_us, Math.min(stored.last_us, timeOf(event))));
    }
    if (hands.current.size > 0) began.current = null;
  };
  const onPointerCancel = (event: PointerEvent) => {
    hands.current.delete(event.pointerId);
    began.current = null;
  };
  const onPointerLeave = () => {
    pointedUs.value = null;
  };
  return { plot, handlers: { onPointerDown, onPointerMove, onPointerUp, onPointerCancel, onPointerLeave } };
}

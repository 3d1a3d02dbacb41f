import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Painter, Sheet as SheetType } from "./sheet";

type Seen = (changes: { target: unknown; isIntersecting: boolean }[]) => void;

let say: Seen = () => undefined;
let frames: ((now: number) => void)[] = [];
class Observer {
  constructor(seen: Seen) {
    say = seen;
  }
  observe(target: unknown) {
    say([{ target, isIntersecting: true }]);
  }
  unobserve() {}
}
vi.stubGlobal("IntersectionObserver", Observer);
vi.stubGlobal("requestAnimationFrame", (frame: (now: number) => void) => frames.push(frame));
vi.stubGlobal("cancelAnimationFrame", () => {
  frames = [];
});
vi.stubGlobal("devicePixelRatio", 2);
const { Sheet } = await import("./sheet");

/** Run one frame. */
const paint = () => {
  const due = frames;
  frames = [];
  for (const frame of due) frame(0);
};

/** What stands at a place that a test may change. */
const at = (left: number, top: number, width: number, height: number) => {
  const box = { left, top, width, height };
  return { box, getBoundingClientRect: () => box };
};

function draw() {
  const calls: string[] = [];
  const heard =
    (name: string) =>
    (...given: number[]) =>
      calls.push(`${name} ${given.join(" ")}`);
  const context = {
    clearRect: heard("clear"),
    setTransform: heard("origin"),
    rect: heard("rect"),
    save: () => undefined,
    restore: () => undefined,
    beginPath: () => undefined,
    clip: () => undefined,
  };
  const canvas = { ...at(100, 50, 400, 200), width: 0, height: 0, getContext: () => context };
  return { calls, canvas };
}

function wave(): Painter & { calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    resize: (...size) => {
      calls.push(`resize ${size.join(" ")}`);
    },
    paint: () => {
      calls.push("paint");
    },
  };
}

describe("a sheet", () => {
  let sheet: SheetType;
  let drawing: ReturnType<typeof draw>;
  const [one, other] = [wave(), wave()];
  let [first, second] = [at(110, 60, 150, 60), at(310, 60, 150, 60)];
  let leave: (() => void)[] = [];

  beforeEach(() => {
    for (const stop of leave) stop();
    for (const { calls } of [one, other]) calls.length = 0;
    [first, second] = [at(110, 60, 150, 60), at(310, 60, 150, 60)];
    sheet = new Sheet();
    drawing = draw();
    sheet.isOn(drawing.canvas as unknown as HTMLCanvasElement);
    leave = [sheet.paintOn(first as unknown as Element, one), sheet.paintOn(second as unknown as Element, other)];
    paint();
  });

  it("has the size of its element in device pixels, and each wave its place on it", () => {
    expect([drawing.canvas.width, drawing.canvas.height]).toEqual([800, 400]);
    expect(one.calls).toEqual(["resize 150 60", "paint"]);
    expect(drawing.calls).toEqual([
      "clear 0 0 800 400",
      "origin 2 0 0 2 20 20",
      "rect 0 0 150 60",
      "origin 2 0 0 2 420 20",
      "rect 0 0 150 60",
    ]);
  });

  it("is painted on where nothing moved", () => {
    drawing.calls.length = 0;
    paint();
    expect(one.calls).toEqual(["resize 150 60", "paint", "paint"]);
    expect(drawing.calls).not.toContain("clear 0 0 800 400");
  });

  it("is painted anew in the same frame where two patients changed their places", () => {
    drawing.calls.length = 0;
    [first.box.left, second.box.left] = [second.box.left, first.box.left];
    paint();
    expect(drawing.calls).toEqual([
      "clear 0 0 800 400",
      "origin 2 0 0 2 420 20",
      "rect 0 0 150 60",
      "origin 2 0 0 2 20 20",
      "rect 0 0 150 60",
    ]);
    for (const { calls } of [one, other]) expect(calls.slice(-2)).toEqual(["resize 150 60", "paint"]);
  });

  it("is painted anew where it grew", () => {
    drawing.canvas.box.height = 300;
    paint();
    expect(drawing.canvas.height).toBe(600);
    expect(one.calls.slice(-2)).toEqual(["resize 150 60", "paint"]);
  });

  it("keeps nothing of a wave that left, and does not paint it", () => {
    drawing.calls.length = 0;
    leave[0]?.();
    paint();
    expect(drawing.calls[0]).toBe("clear 20 20 300 120");
    expect(one.calls).toEqual(["resize 150 60", "paint"]);
    expect(other.calls.at(-1)).toBe("paint");
  });

  it("does not paint what is out of sight", () => {
    say([{ target: first, isIntersecting: false }]);
    paint();
    expect(one.calls).toEqual(["resize 150 60", "paint"]);
    expect(other.calls).toEqual(["resize 150 60", "paint", "paint"]);
  });
});

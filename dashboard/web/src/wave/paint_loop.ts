// One animation loop for all canvases: only those on the screen are painted, each at its own size in device pixels.

export interface Painter {
  /** Size or pixel ratio changed: everything must be painted anew. Sizes in CSS px. */
  resize(widthPx: number, heightPx: number, ratio: number): void;
  /** Paint what is new at `nowUs` of the monotonic clock. */
  paint(nowUs: number): void;
}

interface Entry {
  canvas: HTMLCanvasElement;
  painter: Painter;
  visible: boolean;
  onVisible: (visible: boolean) => void;
}

const entries = new Map<Element, Entry>();
let frame = 0;

const seen = new IntersectionObserver((changes) => {
  for (const change of changes) {
    const entry = entries.get(change.target);
    if (entry === undefined || entry.visible === change.isIntersecting) continue;
    entry.visible = change.isIntersecting;
    entry.onVisible(entry.visible);
  }
});

const sized = new ResizeObserver((changes) => {
  for (const change of changes) {
    const entry = entries.get(change.target);
    if (entry) measure(entry);
  }
});

function measure({ canvas, painter }: Entry): void {
  const { clientWidth: width, clientHeight: height } = canvas; // unlike its rectangle, untouched by animations
  const ratio = devicePixelRatio;
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width === w && canvas.height === h && canvas.dataset["ratio"] === String(ratio)) return;
  canvas.dataset["ratio"] = String(ratio);
  canvas.width = w;
  canvas.height = h;
  painter.resize(width, height, ratio);
}

function paintAll(): void {
  const nowUs = performance.now() * 1000;
  for (const { visible, painter } of entries.values()) if (visible) painter.paint(nowUs);
  frame = requestAnimationFrame(paintAll);
}

/** Paint a canvas from now on, and say when it comes into sight or leaves it; call what it returns to stop. */
export function paintOn(
  canvas: HTMLCanvasElement,
  painter: Painter,
  onVisible: (visible: boolean) => void = () => undefined,
): () => void {
  const entry = { canvas, painter, visible: false, onVisible };
  entries.set(canvas, entry);
  measure(entry);
  seen.observe(canvas);
  sized.observe(canvas);
  if (entries.size === 1) frame = requestAnimationFrame(paintAll);
  return () => {
    if (entry.visible) onVisible(false);
    entries.delete(canvas);
    seen.unobserve(canvas);
    sized.unobserve(canvas);
    if (entries.size === 0) cancelAnimationFrame(frame);
  };
}

// Another screen, or zoom: the pixel ratio changes without a change of size.
addEventListener("resize", () => {
  for (const entry of entries.values()) measure(entry);
});

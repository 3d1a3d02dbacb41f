// A sheet is a canvas that many waves share: what a browser does for every canvas in every frame is done once. A wave has
// its place on the sheet: where its element stands, looked at anew before each painting, so that a tile that moved, or
// belongs to another patient by now, never stands behind a wave that is not its own.

/** Draws one wave. */
export interface Painter {
  /** Size or pixel ratio changed, or what was painted is gone: everything must be painted anew. Sizes in CSS px. */
  resize(widthPx: number, heightPx: number): void;
  /** Paint what is new at `nowUs` of the monotonic clock; the context's origin is the wave's upper left corner. */
  paint(context: CanvasRenderingContext2D, nowUs: number, ratio: number): void;
}

/** In device pixels of the sheet. */
interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Wave {
  element: Element;
  painter: Painter;
  visible: boolean;
  onVisible: (visible: boolean) => void;
  place: Place | null;
}

const waves = new Map<Element, Wave>();
const sheets = new Set<Sheet>();
let frame = 0;

const seen = new IntersectionObserver((changes) => {
  for (const { target, isIntersecting } of changes) {
    const wave = waves.get(target);
    if (wave === undefined || wave.visible === isIntersecting) continue;
    wave.visible = isIntersecting;
    wave.onVisible(isIntersecting);
  }
});

function paintAll(): void {
  const nowUs = performance.now() * 1000;
  for (const sheet of sheets) sheet.paint(nowUs);
  frame = requestAnimationFrame(paintAll);
}

export class Sheet {
  private canvas: HTMLCanvasElement | null = null;
  private context: CanvasRenderingContext2D | null = null;
  private readonly waves = new Set<Wave>();
  private ratio = 0;

  /** The canvas to paint on; null while there is none. */
  readonly isOn = (canvas: HTMLCanvasElement | null): void => {
    this.canvas = canvas;
    this.context = canvas?.getContext("2d") ?? null;
    this.ratio = 0;
  };

  /** Paint a wave from now on where `element` stands, and say when that comes into sight or leaves it; call what it returns to stop. */
  paintOn(element: Element, painter: Painter, onVisible: (visible: boolean) => void = () => undefined): () => void {
    const wave: Wave = { element, painter, visible: false, onVisible, place: null };
    waves.set(element, wave);
    this.waves.add(wave);
    seen.observe(element);
    sheets.add(this);
    if (frame === 0) frame = requestAnimationFrame(paintAll);
    return () => {
      if (wave.visible) onVisible(false);
      seen.unobserve(element);
      waves.delete(element);
      this.waves.delete(wave);
      this.wipe(wave);
      if (this.waves.size === 0) sheets.delete(this);
      if (sheets.size > 0) return;
      cancelAnimationFrame(frame);
      frame = 0;
    };
  }

  private get isInSight(): boolean {
    for (const { visible } of this.waves) if (visible) return true;
    return false;
  }

  paint(nowUs: number): void {
    const { canvas, context } = this;
    if (canvas === null || context === null || !this.isInSight) return;
    if (!this.place(canvas)) {
      context.clearRect(0, 0, canvas.width, canvas.height);
      for (const { painter, place } of this.waves) {
        if (place !== null) painter.resize(place.width / this.ratio, place.height / this.ratio);
      }
    }
    for (const { painter, place, visible } of this.waves) {
      if (place === null || !visible) continue;
      context.save();
      context.setTransform(this.ratio, 0, 0, this.ratio, place.x, place.y);
      context.beginPath();
      context.rect(0, 0, place.width / this.ratio, place.height / this.ratio);
      context.clip();
      painter.paint(context, nowUs, this.ratio);
      context.restore();
    }
  }

  /** Look where each wave in sight stands; false when any stands elsewhere than it was painted. */
  private place(canvas: HTMLCanvasElement): boolean {
    const bounds = canvas.getBoundingClientRect();
    let isWhole = this.fit(canvas, bounds);
    for (const wave of this.waves) {
      if (!wave.visible) continue;
      const place = placeOf(wave.element.getBoundingClientRect(), bounds, this.ratio);
      if (isSame(place, wave.place)) continue;
      wave.place = place;
      isWhole = false;
    }
    return isWhole;
  }

  /** Give the canvas the size of its element in device pixels; false when that emptied it. */
  private fit(canvas: HTMLCanvasElement, { width, height }: DOMRect): boolean {
    const [w, h] = [
      Math.max(1, Math.round(width * devicePixelRatio)),
      Math.max(1, Math.round(height * devicePixelRatio)),
    ];
    if (canvas.width === w && canvas.height === h && this.ratio === devicePixelRatio) return true;
    this.ratio = devicePixelRatio;
    canvas.width = w;
    canvas.height = h;
    return false;
  }

  private wipe({ place }: Wave): void {
    if (place !== null) this.context?.clearRect(place.x, place.y, place.width, place.height);
  }
}

/** On whole device pixels, so that lines are as sharp in every tile. */
function placeOf(of: DOMRect, on: DOMRect, ratio: number): Place {
  const x = Math.round((of.left - on.left) * ratio);
  const y = Math.round((of.top - on.top) * ratio);
  return { x, y, width: Math.max(1, Math.round(of.width * ratio)), height: Math.max(1, Math.round(of.height * ratio)) };
}

const isSame = (a: Place, b: Place | null): boolean =>
  b !== null && a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;

// How an outline is put on the paper: as columns of pixels where a row is long, as a line where single beats are seen.

export interface Pen {
  add(x: number, top: number, bottom: number, isBroken: boolean): void;
  end(): void;
}

/** Where a row is longer than this, a pixel holds a beat's slopes: columns say as much as a line, in a tenth of the time. */
const COLUMNS_FROM_S = 60;

export function penFor(context: CanvasRenderingContext2D, ratio: number, colour: string, rowS: number): Pen {
  return rowS >= COLUMNS_FROM_S ? columnPen(context, ratio, colour) : linePen(context, colour);
}

/** A column of device pixels for each place, joined to the one before it. */
function columnPen(context: CanvasRenderingContext2D, ratio: number, colour: string): Pen {
  context.fillStyle = colour;
  const width = 1 / ratio;
  let column = Number.NaN;
  let [top, bottom] = [0, 0];
  const put = () => {
    if (!Number.isNaN(column)) context.fillRect(column, top, width, Math.max(width, bottom - top));
  };
  return {
    add(x, high, low, isBroken) {
      const at = Math.floor(x * ratio) / ratio;
      if (at === column) {
        top = Math.min(top, high);
        bottom = Math.max(bottom, low);
        return;
      }
      put();
      const [before, after] = isBroken ? [high, low] : [top, bottom];
      column = at;
      top = Math.min(high, after);
      bottom = Math.max(low, before);
    },
    end: put,
  };
}

/** One line from the least to the greatest, to the next. */
function linePen(context: CanvasRenderingContext2D, colour: string): Pen {
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.lineJoin = "bevel";
  context.beginPath();
  let isUp = false;
  return {
    add(x, high, low, isBroken) {
      const [begin, end] = isUp ? [low, high] : [high, low];
      if (isBroken) context.moveTo(x, begin);
      else context.lineTo(x, begin);
      context.lineTo(x, end + 0.5);
      isUp = !isUp;
    },
    end: () => context.stroke(),
  };
}

// One panel of the trends: lines over time, drawn by uPlot. All panels share the time that is pointed at.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { theme } from "../../theme";
import { language } from "../../words/language";
import { clockTime, dayOfMonth, hourMark } from "../../words/numbers";
import { words } from "../../words/words";
import { zone } from "../../words/zone";
import "uplot/dist/uPlot.min.css";

export interface Line {
  name: string;
  values: (number | null)[];
  /** A custom property of the page's colours. */
  colour: string;
  isDashed?: boolean;
}

interface Props {
  title: string;
  timeS: number[];
  lines: Line[];
  /** Of the axis; found from the values when left out. */
  most?: number;
  onChoose: (tUs: number) => void;
}

const HEIGHT_PX = 120;
const DAY_S = 86_400;

export function Plot({ title, timeS, lines, most, onChoose }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const choose = useRef(onChoose);
  choose.current = onChoose;
  const [colours, spoken, at] = [theme.value, language.value, zone.value];
  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const options = {
      ...optionsOf(element, lines, timeS, most),
      // Marks stand on whole hours of the ward's clock.
      tzDate: (tS: number) => uPlot.tzDate(new Date(tS * 1e3), at),
    };
    const plot = new uPlot(options, [timeS, ...lines.map(({ values }) => values)], element);
    plot.over.addEventListener("click", () => {
      const { left } = plot.cursor;
      if (left !== undefined && left >= 0) choose.current(plot.posToVal(left, "x") * 1e6);
    });
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [timeS, lines, most, colours, spoken, at]);
  return (
    <figure class="trend-panel">
      <figcaption>{title}</figcaption>
      <div ref={frame} class="trend-lines" aria-hidden="true" />
    </figure>
  );
}

function optionsOf(element: HTMLElement, lines: Line[], timeS: number[], most?: number): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name);
  const font = `500 11px ${style.fontFamily}`;
  const axis = {
    stroke: colour("--muted"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    font,
  };
  const spanS = (timeS.at(-1) ?? 0) - (timeS[0] ?? 0);
  const timeWords = spanS > 2 * DAY_S ? dayOfMonth : hourMark;
  return {
    width: Math.max(200, element.clientWidth),
    height: HEIGHT_PX,
    cursor: { sync: { key: "trends" }, drag: { x: false, y: false }, y: false },
    scales: { y: { range: (_, __, max) => [0, most ?? Math.max(1, (max ?? 1) * 1.1)] } },
    axes: [
      { ...axis, size: 24, values: (_, splits) => splits.map((at) => timeWords(at * 1e6)) },
      { ...axis, size: 42 },
    ],
    series: [
      { value: (_, at) => (at === null ? "–" : clockTime(at * 1e6)), label: words("strip.go_to") },
      ...lines.map(({ name, colour: of, isDashed }) => ({
        label: name,
        stroke: colour(of),
        width: 1.6,
        spanGaps: false,
        points: { show: timeS.length < 3 },
        ...(isDashed && { dash: [5, 4] }),
      })),
    ],
  };
}

// The heart rate over a day: in a sentence, and as a picture in which an hour without signal is a hole.

import type { Trend } from "../api/types";
import { hourMinute, words } from "../words/words";

const WIDTH = 320;
const HEIGHT = 140;
const LEAST = 40;
const MOST = 140;

interface Run {
  from: number;
  points: { mean: number; min: number; max: number }[];
}

/** Stretches of the trend in which every bucket has a rate. Pure. */
export function runsOf({ mean, min, max }: Pick<Trend, "mean" | "min" | "max">): Run[] {
  const runs: Run[] = [];
  let run: Run | null = null;
  mean.forEach((value, i) => {
    if (value === null) {
      run = null;
      return;
    }
    if (run === null) {
      run = { from: i, points: [] };
      runs.push(run);
    }
    run.points.push({ mean: value, min: min[i] ?? value, max: max[i] ?? value });
  });
  return runs;
}

export function TrendPicture({ trend }: { trend: Trend }) {
  const runs = runsOf(trend);
  const points = runs.flatMap((run) => run.points);
  if (points.length === 0) return <p>{words("heart.no_trend")}</p>;
  const usual = Math.round(points.reduce((sum, point) => sum + point.mean, 0) / points.length);
  const low = Math.round(Math.min(...points.map((point) => point.min)));
  const high = Math.round(Math.max(...points.map((point) => point.max)));
  const [floor, ceiling] = [Math.min(LEAST, low), Math.max(MOST, high)];
  const x = (i: number) => (i / Math.max(1, trend.mean.length - 1)) * WIDTH;
  const y = (bpm: number) => HEIGHT - ((bpm - floor) / (ceiling - floor)) * HEIGHT;
  const at = (i: number, bpm: number) => `${x(i).toFixed(1)} ${y(bpm).toFixed(1)}`;
  const line = ({ from, points: some }: Run) => `M${some.map((point, i) => at(from + i, point.mean)).join("L")}h.1`;
  const band = ({ from, points: some }: Run) => {
    const up = some.map((point, i) => at(from + i, point.max));
    const down = some.map((point, i) => at(from + i, point.min)).reverse();
    return `M${[...up, ...down].join("L")}Z`;
  };
  const endUs = trend.from_us + trend.mean.length * trend.bucket_s * 1e6;
  return (
    <>
      <p>{words("heart.usual", { usual, low, high })}</p>
      <svg class="trend" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {runs.map((run) => (
          <g key={run.from}>
            <path class="band" d={band(run)} />
            <path class="mean" d={line(run)} />
          </g>
        ))}
      </svg>
      <p class="ends" aria-hidden="true">
        <span>{hourMinute(trend.from_us)}</span>
        <span>{hourMinute(endUs)}</span>
      </p>
    </>
  );
}

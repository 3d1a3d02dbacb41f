// Heart rate over the last hours or weeks, or any stored: a way into every minute of it.

import { type Signal, useComputed, useSignal } from "@preact/signals";
import { useCallback, useEffect, useRef } from "preact/hooks";
import { getHeartRate, getStored } from "../api/patients";
import type { Alarm, PatientFacts } from "../api/types";
import { serverNowUs, tickUs } from "../live/server_clock";
import { ArrowIcon } from "../parts/icons";
import { type Draw, Still } from "../wave/still";
import { bpm, clockTime, dayAndTime, dayOfMonth, hourMark } from "../words/numbers";
import { plural, words, wordsOfError } from "../words/words";
import { useLoaded } from "./loaded";
import { drawTrend, trendTime } from "./trend_drawing";

const HOURS = [1, 6, 24, 7 * 24, 30 * 24] as const;
type Hours = (typeof HOURS)[number];
const HOUR_US = 3600e6;
/** The newest minutes are asked for anew this often. */
const AGAIN_US = 20e6;

interface Props {
  patientId: number;
  alarms: readonly Alarm[];
  facts: PatientFacts | null;
  chosenUs: number | null;
  onChoose: (tUs: number) => void;
  /** The window that is shown: the other trends follow it. */
  onWindow: (hours: number, toUs: number) => void;
}

export function Trend({ patientId, alarms, facts, chosenUs, onChoose, onWindow }: Props) {
  const chosenHours = useSignal<Hours | null>(null);
  const hours = chosenHours.value ?? startingHours(facts);
  /** The end of what is shown; null follows the clock. */
  const until = useSignal<number | null>(null);
  const plot = useRef<HTMLDivElement>(null);
  const pointed = useSignal<number | null>(null);

  const now = useComputed(() => Math.ceil(tickUs.value / AGAIN_US) * AGAIN_US);
  const toUs = until.value ?? now.value;
  const fromUs = toUs - hours * HOUR_US;
  useEffect(() => onWindow(hours, toUs), [hours, toUs]);
  const bucketS = (hours * 3600) / 720;
  const loaded = useLoaded(`${patientId} ${fromUs} ${toUs}`, async (abort) => {
    const [trend, stored] = await Promise.all([
      getHeartRate(patientId, fromUs, toUs, bucketS, abort),
      getStored(patientId, fromUs, toUs, bucketS * 4, abort),
    ]);
    return { trend, stored };
  });
  const { value, problem } = loaded.value;
  const draw = useCallback<Draw>(
    (context, width, height, ratio) =>
      drawTrend(context, width, height, ratio, {
        fromUs,
        toUs,
        trend: value?.trend ?? null,
        stored: value?.stored ?? null,
        alarms: alarms.map(({ onset_us, priority }) => ({ atUs: onset_us, priority })),
        limitsBpm: ["tachycardia", "bradycardia"].flatMap((call) => facts?.limits[call]?.["bpm"] ?? []),
        chosenUs,
        timeWords: hours > 24 ? dayOfMonth : hourMark,
      }),
    [fromUs, toUs, hours, value, alarms, facts, chosenUs],
  );

  const timeAt = ({ clientX }: MouseEvent): number | null => {
    const box = plot.current?.getBoundingClientRect();
    if (box === undefined) return null;
    return Math.max(fromUs, Math.min(toUs, trendTime(clientX - box.left, box.width, fromUs, toUs)));
  };
  const choose = (tUs: number | null) => {
    if (tUs !== null) onChoose(Math.min(serverNowUs(), tUs));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const stepS = KEYS_S[event.key];
    if (stepS === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    choose((chosenUs ?? serverNowUs()) + stepS * 1e6);
  };
  const atUs = pointed.value ?? chosenUs;
  return (
    <section class="panel" aria-labelledby="trend-title">
      <header class="panel-head">
        <h2 id="trend-title">{words("trend.title")}</h2>
        <span class="panel-note">
          {problem === null ? readout(value?.trend ?? null, atUs, hours) : wordsOfError(problem)}
        </span>
        <span class="spacer" />
        <Window hours={hours} chosenHours={chosenHours} until={until} toUs={toUs} />
      </header>
      <div
        ref={plot}
        class="trend-plot"
        role="slider"
        tabIndex={0}
        aria-label={words("trend.keys")}
        aria-valuemin={Math.round(fromUs / 1e6)}
        aria-valuemax={Math.round(toUs / 1e6)}
        aria-valuenow={Math.round((chosenUs ?? toUs) / 1e6)}
        aria-valuetext={readout(value?.trend ?? null, chosenUs ?? toUs, hours)}
        onClick={(event) => choose(timeAt(event))}
        onPointerMove={(event) => {
          pointed.value = timeAt(event);
        }}
        onPointerLeave={() => {
          pointed.value = null;
        }}
        onKeyDown={onKeyDown}
      >
        <Still class="trend" draw={draw} />
      </div>
    </section>
  );
}

/** The day; less while less than that is stored. */
function startingHours(facts: PatientFacts | null): Hours {
  const storedUs = facts?.stored ? serverNowUs() - facts.stored.first_us : 24 * HOUR_US;
  return HOURS.find((choice) => storedUs <= choice * HOUR_US || choice === 24) ?? 24;
}

const KEYS_S: Record<string, number | undefined> = {
  ArrowLeft: -60,
  ArrowDown: -60,
  ArrowRight: 60,
  ArrowUp: 60,
  PageUp: -600,
  PageDown: 600,
};

function readout(
  trend: { from_us: number; bucket_s: number; mean: (number | null)[] } | null,
  atUs: number | null,
  hours: Hours,
): string {
  if (trend === null || atUs === null) return "";
  const mean = trend.mean[Math.floor((atUs - trend.from_us) / 1e6 / trend.bucket_s)] ?? null;
  const time = hours > 24 ? dayAndTime(atUs) : clockTime(atUs);
  return mean === null ? words("trend.none_at", { time }) : words("trend.at", { time, bpm: bpm(mean) });
}

interface WindowProps {
  hours: Hours;
  chosenHours: Signal<Hours | null>;
  until: Signal<number | null>;
  toUs: number;
}

function Window({ hours, chosenHours, until, toUs }: WindowProps) {
  const shift = (by: number) => {
    const next = toUs + by * hours * HOUR_US;
    until.value = next >= serverNowUs() ? null : next;
  };
  return (
    <div class="window">
      <button
        type="button"
        class="button icon-only"
        aria-label={words("trend.earlier")}
        title={words("trend.earlier")}
        onClick={() => shift(-1)}
      >
        <ArrowIcon to="left" />
      </button>
      {HOURS.map((choice) => (
        <button
          key={choice}
          type="button"
          class="button"
          aria-pressed={hours === choice}
          onClick={() => {
            chosenHours.value = choice;
          }}
        >
          {choice > 24 ? plural("span.days", choice / 24) : words("span.hours", { n: choice })}
        </button>
      ))}
      <button
        type="button"
        class="button icon-only"
        aria-label={words("trend.later")}
        title={words("trend.later")}
        aria-disabled={until.value === null}
        onClick={() => shift(1)}
      >
        <ArrowIcon to="right" />
      </button>
      {until.value !== null && (
        <button
          type="button"
          class="button"
          title={dayAndTime(toUs)}
          onClick={() => {
            until.value = null;
          }}
        >
          {words("trend.now")}
        </button>
      )}
    </div>
  );
}

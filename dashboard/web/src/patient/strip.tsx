// Any stored stretch of ECG on paper: around an alarm, or at any time.

import { type Signal, useSignal } from "@preact/signals";
import { useCallback, useEffect, useMemo, useRef } from "preact/hooks";
import { getBeats, getEcg } from "../api/patients";
import type { Alarm } from "../api/types";
import { serverNowUs, tickUs } from "../live/server_clock";
import { ArrowIcon } from "../parts/icons";
import { ZoneNote } from "../parts/zone_note";
import { user } from "../session";
import { type Gain, PX_PER_S } from "../wave/scale";
import { type Draw, Still } from "../wave/still";
import { clockMark, dayAndTime } from "../words/numbers";
import { callName, words, wordsOfError } from "../words/words";
import { fieldOf, instantOf, zone } from "../words/zone";
import { shownBeats } from "./beat_corrections";
import { BeatBar, BeatLayer, type Chosen } from "./beat_editor";
import { type Calipers, placed } from "./calipers";
import { CalipersLayer, CalipersReadout } from "./calipers_layer";
import { type Loaded, useLoaded } from "./loaded";
import { drawStrip, FOOT_PX, gapsOf, joinRecords } from "./strip_drawing";

/** A strip shows at least this much; narrow screens scroll it. */
export const LEAST_S = 10;
const MARGIN_US = 2e6;
/** A strip of the last minute that is not whole is looked for again so often. */
const YOUNG_US = 60e6;
const AGAIN_US = 3e6;
/** No beat for so long is worth another look. */
const BEHIND_US = 3e6;
/** As patient.css has it, without the times under it. */
const PAPER_PX = 240 - FOOT_PX;

/** What is marked on the strip: an alarm, or a symptom as its alarm names it. */
export type Mark = Pick<Alarm, "call" | "priority" | "onset_us"> & { id: number | null };

interface Props {
  patientId: number;
  /** The middle of the strip. */
  atUs: number;
  alarm: Mark | null;
  stored: { first_us: number; last_us: number } | null;
  /** How many seconds have room; found by the strip. */
  shownS: Signal<number>;
  onMove: (tUs: number) => void;
  /** A beat was corrected: what shows beats elsewhere is to be loaded anew. */
  onCorrected: () => void;
}

export async function loadStrip(patientId: number, fromUs: number, toUs: number, abort: AbortSignal) {
  const [from, to] = [fromUs - MARGIN_US, toUs + MARGIN_US];
  const [records, beats] = await Promise.all([
    getEcg(patientId, from, to, abort),
    getBeats(patientId, from, to, abort),
  ]);
  return { fromUs, toUs, lead: joinRecords(records), beats };
}
export type Stretch = Awaited<ReturnType<typeof loadStrip>>;

export function Strip({ patientId, atUs, alarm, stored, shownS, onMove, onCorrected }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      shownS.value = Math.max(LEAST_S, Math.floor((100 * element.clientWidth) / PX_PER_S) / 100);
      // The middle of the strip is what was asked for.
      element.scrollLeft = (element.scrollWidth - element.clientWidth) / 2;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [shownS]);

  const lengthUs = shownS.value * 1e6;
  const fromUs = atUs - lengthUs / 2;
  const corrected = useSignal(0);
  // What is of now may still be on its way.
  const awaits = useSignal(false);
  const again = awaits.value ? Math.floor(tickUs.value / AGAIN_US) : 0;
  const loaded = useLoaded(`${patientId} ${fromUs} ${lengthUs} ${corrected.value} ${again}`, (abort) =>
    loadStrip(patientId, fromUs, fromUs + lengthUs, abort),
  );
  const stretch = loaded.value.value;
  useEffect(() => {
    const isYoung = fromUs + lengthUs > serverNowUs() - YOUNG_US;
    awaits.value = stretch !== null && isYoung && (missingOf(stretch) > 0.02 || isBehind(stretch));
  }, [stretch, fromUs, lengthUs, awaits]);
  const move = (byUs: number) => onMove(within(stored, atUs + byUs));

  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS_S[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(step * 1e6 * (event.shiftKey ? 12 : 1));
  };

  const gain = useSignal<Gain>(10);
  const calipers = useSignal<Calipers | null>(null);
  const isEditing = useSignal(false);
  const chosenBeat = useSignal<Chosen | null>(null);
  const beats = useMemo(() => (stretch === null ? [] : shownBeats(stretch.beats)), [stretch]);
  const onPaper = { beats, chosen: chosenBeat, fromUs, stripS: shownS.value };
  const draw = useCallback<Draw>(
    (context, width, height, ratio) => {
      if (stretch === null) return;
      const onset = alarm && { atUs: alarm.onset_us, priority: alarm.priority, words: onsetWords(alarm) };
      gain.value = drawStrip(context, width, height, ratio, { ...stretch, onset, timeWords: clockMark });
    },
    [stretch, alarm, gain],
  );
  return (
    <section class="panel strip-panel" aria-labelledby="strip-title">
      <header class="panel-head">
        <h2 id="strip-title">{words("strip.title")}</h2>
        <span class="panel-note">{dayAndTime(atUs)}</span>
        <span class="spacer" />
        <span class="panel-note">
          {stretch?.lead ? words("strip.scale", { lead: stretch.lead.lead, gain: gain.value }) : ""}
        </span>
      </header>
      <div ref={frame} class="strip-frame">
        <div class="strip-paper" ref={(element) => element?.style.setProperty("--strip-s", String(shownS.value))}>
          <div
            class="strip-keys"
            tabIndex={0}
            role="slider"
            aria-label={words("strip.keys")}
            aria-valuenow={Math.round(atUs / 1e6)}
            aria-valuetext={dayAndTime(atUs)}
            onKeyDown={onKeyDown}
          >
            <Still class="strip" draw={draw} />
          </div>
          <div class="strip-over">
            {isEditing.value && <BeatLayer {...onPaper} />}
            <CalipersLayer calipers={calipers} stripS={shownS.value} heightPx={PAPER_PX} />
          </div>
          <StripWords loaded={loaded.value} />
        </div>
      </div>
      <div class="strip-tools">
        <CalipersButtons calipers={calipers} stripS={shownS.value} />
        <CalipersReadout calipers={calipers} heightPx={PAPER_PX} gain={gain.value} />
        <span class="spacer" />
        {user.value?.permissions.includes("review") && (
          <button
            type="button"
            class="button"
            aria-pressed={isEditing.value}
            onClick={() => {
              isEditing.value = !isEditing.value;
              chosenBeat.value = null;
            }}
          >
            {words("beat.edit")}
          </button>
        )}
      </div>
      {isEditing.value && (
        <BeatBar
          {...onPaper}
          patientId={patientId}
          onChanged={() => {
            corrected.value++;
            onCorrected();
          }}
        />
      )}
      <Moves atUs={atUs} stripS={shownS.value} stored={stored} move={move} onMove={onMove} />
    </section>
  );
}

const onsetWords = (alarm: Mark) => words("strip.onset", { call: callName(alarm.call) });

const STEPS_S: Record<string, number | undefined> = { ArrowLeft: -5, ArrowRight: 5, PageUp: -60, PageDown: 60 };

/** Which part of a stretch is not stored. */
export function missingOf({ lead, fromUs, toUs }: Stretch): number {
  return gapsOf(lead, fromUs, toUs).reduce((sum, [a, b]) => sum + b - a, 0) / (toUs - fromUs);
}

/** What the strip cannot show, said on it. */
function StripWords({ loaded }: { loaded: Loaded<Stretch> }) {
  const { value, problem } = loaded;
  if (problem !== null) return <p class="strip-words problem">{wordsOfError(problem)}</p>;
  if (value === null) return <p class="strip-words">{words("strip.loading")}</p>;
  return missingOf(value) > 0.98 ? <p class="strip-words">{words("strip.nothing")}</p> : null;
}

/** The analysis may not have come to its end yet. */
const isBehind = ({ beats, toUs }: Stretch): boolean => (beats.t_us.at(-1) ?? 0) < toUs - BEHIND_US;

function CalipersButtons({ calipers, stripS }: { calipers: Signal<Calipers | null>; stripS: number }) {
  const now = calipers.value;
  return (
    <>
      <button
        type="button"
        class="button"
        aria-pressed={now !== null}
        onClick={() => {
          calipers.value = now === null ? placed(stripS) : null;
        }}
      >
        {words("calipers.title")}
      </button>
      {now !== null && (
        <button
          type="button"
          class="button"
          aria-pressed={now.march}
          onClick={() => {
            calipers.value = { ...now, march: !now.march };
          }}
        >
          {words("calipers.march")}
        </button>
      )}
    </>
  );
}

function within(stored: Props["stored"], tUs: number): number {
  return stored === null ? tUs : Math.max(stored.first_us, Math.min(stored.last_us, tUs));
}

const inField = (tUs: number) => fieldOf(tUs, zone.value, { seconds: true });

interface MovesProps extends Pick<Props, "atUs" | "stored" | "onMove"> {
  stripS: number;
  move: (byUs: number) => void;
}

function Moves({ atUs, stripS, stored, move, onMove }: MovesProps) {
  const go = (value: string) => {
    const tUs = instantOf(value, zone.value);
    if (tUs !== null) onMove(within(stored, tUs));
  };
  const isFirst = stored !== null && atUs <= stored.first_us;
  const isLast = stored !== null && atUs >= stored.last_us;
  return (
    <div class="moves">
      <button type="button" class="button" aria-disabled={isFirst} onClick={() => move(-60e6)}>
        {words("strip.minute_back")}
      </button>
      <button type="button" class="button" aria-disabled={isFirst} onClick={() => move(-stripS * 1e6)}>
        <ArrowIcon to="left" /> {words("strip.back")}
      </button>
      <label class="go-to">
        <span>
          {words("strip.go_to")} <ZoneNote of={zone.value} />
        </span>
        <input
          type="datetime-local"
          step="1"
          value={inField(atUs)}
          {...(stored && { min: inField(stored.first_us), max: inField(stored.last_us + 1e6) })}
          onChange={({ currentTarget }) => go(currentTarget.value)}
        />
      </label>
      <button type="button" class="button" aria-disabled={isLast} onClick={() => move(stripS * 1e6)}>
        {words("strip.forth")} <ArrowIcon to="right" />
      </button>
      <button type="button" class="button" aria-disabled={isLast} onClick={() => move(60e6)}>
        {words("strip.minute_forth")}
      </button>
    </div>
  );
}

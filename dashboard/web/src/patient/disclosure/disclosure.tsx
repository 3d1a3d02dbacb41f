// Full disclosure: all that is stored on rows of time, from a day at once down to the beat. What is chosen here the strip
// shows, and the other way round.

import { type Signal, useComputed, useSignal } from "@preact/signals";
import { useCallback, useEffect } from "preact/hooks";
import { getOutline, type Outline } from "../../api/outline";
import { serverNowUs, tickUs } from "../../live/server_clock";
import { ArrowIcon } from "../../parts/icons";
import { type Draw, Still } from "../../wave/still";
import { clockMark, dayAndTime, hourMark } from "../../words/numbers";
import { words, wordsOfError } from "../../words/words";
import { useLoaded } from "../loaded";
import { type Band, drawDisclosure, type Sign } from "./drawing";
import { useGestures } from "./gestures";
import {
  beginning,
  bucketFor,
  endUs,
  GUTTER_PX,
  holds,
  LEVELS,
  levelOf,
  move,
  RIGHT_PX,
  rowUs,
  type Span,
  showing,
  type View,
  within,
  zoom,
} from "./view";

/** The newest is asked for anew this often. */
const AGAIN_US = 20e6;
const MAGNIFIED: readonly number[] = [0.5, 1, 2, 4];

interface Props {
  patientId: number;
  stored: Span;
  bands: readonly Band[];
  /** Beats, symptoms, notes. */
  signs: (view: View) => readonly Sign[];
  chosenUs: number;
  /** How much the strip shows. */
  stripUs: number;
  onChoose: (tUs: number) => void;
  onView: (view: View) => void;
}

export function Disclosure(props: Props) {
  const { patientId, stored, chosenUs } = props;
  const shown = useSignal<View>(beginning(stored));
  const widthPx = useSignal(0);
  const magnified = useSignal(1);
  const lead = useSignal<string | null>(null);
  const pointedUs = useSignal<number | null>(null);
  const view = within(shown.value, stored);
  const show = (next: View) => {
    shown.value = next;
    props.onView(next);
  };
  useEffect(() => {
    // What was chosen elsewhere is shown here, too.
    if (!holds(view, chosenUs)) show(showing(view, chosenUs, stored));
  }, [chosenUs]);
  useEffect(() => props.onView(view), []);

  const isNewest = endUs(view) > stored.last_us;
  const again = useComputed(() => Math.floor(tickUs.value / AGAIN_US));
  const asked = {
    fromUs: view.fromUs,
    toUs: Math.min(endUs(view), Math.max(view.fromUs + rowUs(view), serverNowUs())),
    bucketS: bucketFor(view, Math.max(1, widthPx.value - GUTTER_PX - RIGHT_PX)),
    lead: lead.value,
  };
  const key = `${patientId} ${view.level} ${view.fromUs} ${asked.bucketS} ${lead.value} ${isNewest ? again.value : ""}`;
  // How much is asked for depends on the room there is.
  const loaded = useLoaded(widthPx.value === 0 ? "" : key, async (abort) =>
    widthPx.peek() === 0 ? null : getOutline(patientId, asked, abort),
  );
  const { value: outline, problem, busy } = loaded.value;

  const gestures = useGestures({
    view: () => within(shown.peek(), stored),
    stored,
    show,
    onChoose: props.onChoose,
    pointedUs,
  });
  useWidth(gestures.plot, widthPx);
  const { bands, signs, stripUs } = props;
  const draw = useCallback<Draw>(
    (context, width, height, ratio) =>
      drawDisclosure(context, width, height, ratio, {
        view,
        outline,
        bands,
        signs: signs(view),
        chosen: { fromUs: chosenUs - stripUs / 2, toUs: chosenUs + stripUs / 2 },
        nowUs: serverNowUs(),
        magnified: magnified.value,
        rowName: rowUs(view) >= 60e6 ? hourMark : clockMark,
        markName: (offsetUs) => offsetWords(offsetUs, rowUs(view)),
      }),
    [view.level, view.fromUs, outline, bands, signs, chosenUs, stripUs, magnified.value],
  );
  const isOfView = outline !== null && !busy && covers(outline, asked);
  return (
    <section class="panel disclosure" aria-labelledby="disclosure-title">
      <header class="panel-head">
        <h2 id="disclosure-title">{words("disclosure.title")}</h2>
        <span class="panel-note">
          {problem === null ? dayAndTime(pointedUs.value ?? chosenUs) : wordsOfError(problem)}
        </span>
        <span class="spacer" />
        <Leads leads={outline?.leads ?? []} chosen={lead} />
        <Steps view={view} stored={stored} chosenUs={chosenUs} show={show} magnified={magnified} />
      </header>
      <div
        ref={gestures.plot}
        class="disclosure-plot"
        data-level={view.level}
        data-shown={isOfView}
        role="slider"
        tabIndex={0}
        aria-label={words("disclosure.keys")}
        aria-valuemin={Math.round(stored.first_us / 1e6)}
        aria-valuemax={Math.round(Math.max(stored.last_us, chosenUs) / 1e6)}
        aria-valuenow={Math.round(chosenUs / 1e6)}
        aria-valuetext={dayAndTime(chosenUs)}
        onKeyDown={(event) => onKeyDown(event, { ...props, view, show })}
        {...gestures.handlers}
      >
        <Still class="disclosure-canvas" draw={draw} />
      </div>
      <p class="nothing">{words("disclosure.help")}</p>
    </section>
  );
}

/** Whether what is drawn is what the page asks for, and not what was there before. */
const covers = ({ fromUs, bucketUs, lowMv }: Outline, asked: { fromUs: number; toUs: number; bucketS: number }) =>
  Math.abs(bucketUs - asked.bucketS * 1e6) < 1 &&
  fromUs <= asked.fromUs &&
  fromUs + lowMv.length * bucketUs >= asked.toUs - AGAIN_US;

function useWidth(plot: { current: HTMLElement | null }, widthPx: Signal<number>): void {
  useEffect(() => {
    const element = plot.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      widthPx.value = element.clientWidth;
    });
    widthPx.value = element.clientWidth;
    observer.observe(element);
    return () => observer.disconnect();
  }, [plot, widthPx]);
}

/** Since the row's beginning: "20 min" of an hour, "20 s" of a minute. */
function offsetWords(offsetUs: number, lengthUs: number): string {
  const seconds = Math.round(offsetUs / 1e6);
  return lengthUs > 120e6 ? words("span.minutes", { n: seconds / 60 }) : words("span.seconds", { n: seconds });
}

interface KeyProps extends Props {
  view: View;
  show: (view: View) => void;
}

function onKeyDown(event: KeyboardEvent, { view, show, stored, chosenUs, onChoose }: KeyProps): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const row = rowUs(view);
  const { rows } = levelOf(view);
  const choose = (tUs: number) => onChoose(Math.max(stored.first_us, Math.min(stored.last_us, tUs)));
  const acts: Record<string, () => void> = {
    ArrowLeft: () => choose(chosenUs - row / 60),
    ArrowRight: () => choose(chosenUs + row / 60),
    ArrowUp: () => choose(chosenUs - row),
    ArrowDown: () => choose(chosenUs + row),
    PageUp: () => choose(chosenUs - rows * row),
    PageDown: () => choose(chosenUs + rows * row),
    Home: () => choose(stored.first_us),
    End: () => choose(stored.last_us),
    "+": () => show(zoom(view, view.level + 1, chosenUs, stored)),
    "-": () => show(zoom(view, view.level - 1, chosenUs, stored)),
  };
  const act = acts[event.key === "=" ? "+" : event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
}

function Leads({ leads, chosen }: { leads: readonly string[]; chosen: Signal<string | null> }) {
  if (leads.length < 2) return null;
  return (
    <label class="go-to">
      <span>{words("disclosure.lead")}</span>
      <select
        value={leads[0] ?? ""}
        onChange={({ currentTarget }) => {
          chosen.value = currentTarget.value;
        }}
      >
        {[...leads].sort().map((lead) => (
          <option key={lead} value={lead}>
            {lead}
          </option>
        ))}
      </select>
    </label>
  );
}

interface StepsProps {
  view: View;
  stored: Span;
  chosenUs: number;
  show: (view: View) => void;
  magnified: Signal<number>;
}

function Steps({ view, stored, chosenUs, show, magnified }: StepsProps) {
  const { rows } = levelOf(view);
  const isFirst = move(view, -1, stored).fromUs === view.fromUs;
  const isLast = move(view, 1, stored).fromUs === view.fromUs;
  const at = MAGNIFIED.indexOf(magnified.value);
  const magnify = (by: number) => {
    magnified.value = MAGNIFIED[Math.max(0, Math.min(MAGNIFIED.length - 1, at + by))] ?? 1;
  };
  return (
    <div class="window">
      <IconButton label={words("disclosure.earlier")} off={isFirst} act={() => show(move(view, -rows, stored))}>
        <ArrowIcon to="left" />
      </IconButton>
      {LEVELS.map((level, i) => (
        <button
          key={level.rowS}
          type="button"
          class="button"
          aria-pressed={view.level === i}
          onClick={() => show(zoom(view, i, holds(view, chosenUs) ? chosenUs : view.fromUs, stored))}
        >
          {lengthWords(level.rows * level.rowS)}
        </button>
      ))}
      <IconButton label={words("disclosure.later")} off={isLast} act={() => show(move(view, rows, stored))}>
        <ArrowIcon to="right" />
      </IconButton>
      <IconButton label={words("disclosure.smaller")} off={at === 0} act={() => magnify(-1)}>
        {"−"}
      </IconButton>
      <IconButton label={words("disclosure.larger")} off={at === MAGNIFIED.length - 1} act={() => magnify(1)}>
        {"+"}
      </IconButton>
    </div>
  );
}

const lengthWords = (seconds: number) =>
  seconds >= 3600 ? words("span.hours", { n: seconds / 3600 }) : words("span.minutes", { n: seconds / 60 });

interface IconButtonProps {
  label: string;
  off: boolean;
  act: () => void;
  children: preact.ComponentChildren;
}

function IconButton({ label, off, act, children }: IconButtonProps) {
  return (
    <button type="button" class="button icon-only" aria-label={label} title={label} aria-disabled={off} onClick={act}>
      {children}
    </button>
  );
}

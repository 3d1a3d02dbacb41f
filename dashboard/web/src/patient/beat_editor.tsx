// A reviewer says what a beat is: each beat of the strip is a button, what is chosen can be relabelled, taken out, or
// taken back, and one that the engine missed is added. The engine's own stays beside it.

import { type Signal, useSignal } from "@preact/signals";
import { correctBeat, undoBeatCorrection } from "../api/patients";
import type { BeatCorrection } from "../api/types";
import { PX_PER_S } from "../wave/scale";
import { clockTime } from "../words/numbers";
import { type MessageKey, words, wordsOfError } from "../words/words";
import { LABELS, type ShownBeat } from "./beat_corrections";
import { PaperHandle } from "./paper_handle";

/** A beat by its time, or a place where one is to be added. */
export interface Chosen {
  tUs: number;
  isNew: boolean;
}

interface LayerProps {
  beats: readonly ShownBeat[];
  chosen: Signal<Chosen | null>;
  fromUs: number;
  stripS: number;
}

/** Buttons over the beats' letters; without one of its own a click on the paper names a place. */
export function BeatLayer({ beats, chosen, fromUs, stripS }: LayerProps) {
  const px = (tUs: number) => ((tUs - fromUs) / 1e6) * PX_PER_S;
  const now = chosen.value;
  const inside = beats.filter(({ tUs }) => tUs >= fromUs && tUs < fromUs + stripS * 1e6);
  return (
    <>
      {/* The keyboard has a button for it below the strip. */}
      <button
        type="button"
        class="beat-ground"
        tabIndex={-1}
        aria-label={words("beat.add")}
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          chosen.value = { tUs: Math.round(fromUs + ((event.clientX - box.left) / PX_PER_S) * 1e6), isNew: true };
        }}
      />
      {inside.map((beat) => (
        <button
          key={beat.tUs}
          type="button"
          class="beat-button"
          ref={(element) => element?.style.setProperty("--at", `${px(beat.tUs)}px`)}
          aria-pressed={now?.tUs === beat.tUs}
          aria-label={words("beat.one", { time: clockTime(beat.tUs), label: nameOf(beat) })}
          onClick={() => {
            chosen.value = { tUs: beat.tUs, isNew: false };
          }}
        />
      ))}
      {now?.isNew && (
        <PaperHandle
          label={words("beat.new")}
          words={clockTime(now.tUs)}
          isVertical
          atPx={px(now.tUs)}
          mostPx={stripS * PX_PER_S}
          stepPx={0.004 * PX_PER_S}
          onMove={(byPx) => {
            chosen.value = { ...now, tUs: Math.round((chosen.peek() ?? now).tUs + (byPx / PX_PER_S) * 1e6) };
          }}
        />
      )}
    </>
  );
}

const nameOf = ({ label }: ShownBeat): string =>
  label === null ? words("beat.none") : words(`beat.${label}` as MessageKey);

interface BarProps extends LayerProps {
  patientId: number;
  onChanged: () => void;
}

/** What can be said of the chosen beat. */
export function BeatBar({ patientId, beats, chosen, fromUs, stripS, onChanged }: BarProps) {
  const problem = useSignal<unknown>(null);
  const busy = useSignal(false);
  const now = chosen.value;
  const beat = now && !now.isNew ? (beats.find(({ tUs }) => tUs === now.tUs) ?? null) : null;
  const act = async (work: () => Promise<unknown>) => {
    if (busy.value) return;
    busy.value = true;
    try {
      await work();
      problem.value = null;
      if (now?.isNew) chosen.value = { tUs: now.tUs, isNew: false };
      onChanged();
    } catch (error) {
      problem.value = error;
    } finally {
      busy.value = false;
    }
  };
  const label = (letter: string) => {
    if (now === null) return;
    // A beat that a person added has none of the engine's: it is added anew.
    const kind = now.isNew || beat?.found === null ? "added" : "relabelled";
    act(() => correctBeat(patientId, { t_us: now.tUs, kind, label: letter }));
  };
  const canLabel = now?.isNew || beat !== null;
  return (
    <div class="beat-bar">
      <p role="status">
        {beat !== null && <BeatWords beat={beat} />}
        {now?.isNew && words("beat.new_at", { time: clockTime(now.tUs) })}
        {now === null && words("beat.choose")}
      </p>
      {canLabel && (
        <div class="window">
          {LABELS.map((letter) => (
            <button
              key={letter}
              type="button"
              class="button"
              aria-pressed={beat?.label === letter}
              title={words(`beat.${letter}` as MessageKey)}
              aria-label={words(`beat.${letter}` as MessageKey)}
              onClick={() => label(letter)}
            >
              {letter}
            </button>
          ))}
        </div>
      )}
      {beat !== null && beat.label !== null && beat.found !== null && (
        <button
          type="button"
          class="button"
          onClick={() => act(() => correctBeat(patientId, { t_us: beat.tUs, kind: "deleted", label: null }))}
        >
          {words("beat.delete")}
        </button>
      )}
      {beat?.correction && <Undo correction={beat.correction} patientId={patientId} act={act} />}
      {!now?.isNew && (
        <button
          type="button"
          class="button"
          onClick={() => {
            chosen.value = { tUs: Math.round(fromUs + (stripS * 1e6) / 2), isNew: true };
          }}
        >
          {words("beat.add")}
        </button>
      )}
      <p class="problem" role="alert">
        {problem.value === null ? "" : wordsOfError(problem.value)}
      </p>
    </div>
  );
}

function BeatWords({ beat }: { beat: ShownBeat }) {
  const { correction, found } = beat;
  const said = [words("beat.one", { time: clockTime(beat.tUs), label: nameOf(beat) })];
  if (correction !== null) {
    said.push(words("beat.by", { name: correction.name, time: clockTime(correction.at_us) }));
    said.push(found === null ? words("beat.found_none") : words("beat.found", { label: found }));
  }
  return <>{said.join(" · ")}</>;
}

interface UndoProps {
  patientId: number;
  correction: BeatCorrection;
  act: (work: () => Promise<unknown>) => void;
}

const Undo = ({ patientId, correction, act }: UndoProps) => (
  <button type="button" class="button" onClick={() => act(() => undoBeatCorrection(patientId, correction.id))}>
    {words("beat.undo")}
  </button>
);

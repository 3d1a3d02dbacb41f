// What stands in the record beside the signal: calls while they were true, alarms, beats that are not normal, symptoms.

import { useMemo } from "preact/hooks";
import { getSymptoms } from "../api/care";
import { getBeats, getEpisodes, getNotes } from "../api/patients";
import type { Alarm, Episode, Priority } from "../api/types";
import { calls } from "../words/words";
import { markOf, shownBeats } from "./beat_corrections";
import type { Band, Sign } from "./disclosure/drawing";
import { endUs, levelOf, type View } from "./disclosure/view";
import { useLoaded } from "./loaded";

/** From this step on single beats have room. */
const BEATS_FROM = 2;
/** From this step on there is room for the letters of normal ones, too. */
const NORMAL_FROM = 3;
const HOUR_US = 3600e6;
const SYMPTOMS = 200;
const SYMPTOM_SIGN = "▼";
const NOTE_SIGN = "¶";

const priorityOf = (call: string): Priority => calls.value.get(call)?.priority ?? "low";
const GRAVITY: Record<Priority, number> = { low: 0, medium: 1, high: 2 };

/** Episodes and alarms as bands; the graver are drawn last. Pure but for the catalogue of calls. */
export function bandsOf(episodes: readonly Episode[], alarms: readonly Alarm[], nowUs: number): Band[] {
  const bands = [
    ...episodes.map(({ call, onset_us: fromUs, ended_us: toUs }) => ({
      fromUs,
      toUs: toUs ?? nowUs,
      priority: priorityOf(call),
    })),
    ...alarms.map(({ priority, onset_us: fromUs, ended_us: toUs }) => ({ fromUs, toUs: toUs ?? fromUs, priority })),
  ];
  return bands.sort((a, b) => GRAVITY[a.priority] - GRAVITY[b.priority]);
}

/** What is shown on a page of the record; beats only where it is no longer than an hour. */
export function useMarks(patientId: number, view: View | null, again: string) {
  const hasBeats = view !== null && view.level >= BEATS_FROM && levelOf(view).rows * levelOf(view).rowS <= 3600;
  const beats = useLoaded(`${patientId} ${hasBeats ? `${view.fromUs} ${view.level} ${again}` : ""}`, async (abort) =>
    hasBeats ? getBeats(patientId, view.fromUs, Math.min(endUs(view), view.fromUs + HOUR_US), abort) : null,
  );
  const key = view === null ? "" : `${view.fromUs} ${view.level} ${again}`;
  const episodes = useLoaded(`${patientId} ${key}`, async (abort) =>
    view === null ? [] : (await getEpisodes(patientId, { fromUs: view.fromUs, toUs: endUs(view) }, abort)).episodes,
  );
  const said = useLoaded(`${patientId} ${again}`, async (abort): Promise<Sign[]> => {
    const [{ symptoms }, notes] = await Promise.all([
      getSymptoms(patientId, SYMPTOMS, abort),
      getNotes(patientId, abort),
    ]);
    return [
      ...symptoms.map(({ pressed_us: atUs }) => ({ atUs, letter: SYMPTOM_SIGN, strong: true })),
      ...notes.flatMap(({ about_us: atUs, text }) =>
        atUs === null || text === "" ? [] : [{ atUs, letter: NOTE_SIGN, strong: true }],
      ),
    ];
  }).value.value;
  const found = beats.value.value;
  const signs = useMemo(
    () =>
      (shown: View): Sign[] => {
        const letters = [...(said ?? [])];
        if (found === null || shown.level < BEATS_FROM) return letters;
        for (const beat of shownBeats(found)) {
          const letter = markOf(beat);
          if (letter === "N" && shown.level < NORMAL_FROM) continue;
          letters.push({ atUs: beat.tUs, letter, strong: letter !== "N" });
        }
        return letters;
      },
    [found, said],
  );
  return { signs, episodes: episodes.value.value ?? [] };
}

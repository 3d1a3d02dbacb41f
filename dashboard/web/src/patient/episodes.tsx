// What was found in the signal: every stretch of which a call is true, by call, each a way to its ECG.

import { useComputed, useSignal } from "@preact/signals";
import { getEpisodes } from "../api/patients";
import type { Episode } from "../api/types";
import { serverNowUs, tickUs } from "../live/server_clock";
import { PriorityIcon } from "../parts/icons";
import { Waiting } from "../parts/waiting";
import { dayAndTime, span } from "../words/numbers";
import { measured } from "../words/quantities";
import { callName, calls, plural, words, wordsOfError } from "../words/words";
import { useLoaded } from "./loaded";
import type { Mark } from "./strip";

const AGAIN_US = 20e6;
const PAGE = 25;
const DAY_US = 86_400e6;
const LONGEST_DAYS = 399;

interface Props {
  patientId: number;
  chosenUs: number | null;
  onChoose: (mark: Mark) => void;
}

/** How often each call was found, the most frequent first. */
export function countByCall(episodes: readonly Episode[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { call } of episodes) counts.set(call, (counts.get(call) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
}

export function Episodes({ patientId, chosenUs, onChoose }: Props) {
  const only = useSignal("");
  const shown = useSignal(PAGE);
  const again = useComputed(() => Math.floor(tickUs.value / AGAIN_US));
  const loaded = useLoaded(`${patientId} ${again.value}`, (abort) => {
    const toUs = serverNowUs() + DAY_US / 24;
    return getEpisodes(patientId, { fromUs: Math.max(0, toUs - LONGEST_DAYS * DAY_US), toUs }, abort);
  });
  const { value, problem } = loaded.value;
  const all = value?.episodes ?? [];
  const counts = countByCall(all);
  const found = only.value === "" ? all : all.filter(({ call }) => call === only.value);
  return (
    <section class="panel episodes" aria-labelledby="episodes-title">
      <header class="panel-head">
        <h2 id="episodes-title">{words("episodes.title")}</h2>
        <span class="spacer" />
        {counts.length > 0 && (
          <select
            aria-label={words("episodes.only")}
            value={only.value}
            onChange={({ currentTarget }) => {
              only.value = currentTarget.value;
              shown.value = PAGE;
            }}
          >
            <option value="">{words("episodes.all", { n: all.length })}</option>
            {counts.map(([call, n]) => (
              <option key={call} value={call}>
                {words("episodes.of_call", { call: callName(call), n })}
              </option>
            ))}
          </select>
        )}
      </header>
      {problem !== null && <p class="problem">{wordsOfError(problem)}</p>}
      <Waiting of={loaded.value} />
      {value !== null && all.length === 0 && <p class="nothing">{words("episodes.none")}</p>}
      <ol class="alarm-list">
        {found.slice(0, shown.value).map((episode) => (
          <One key={episode.id} episode={episode} isChosen={episode.onset_us === chosenUs} onChoose={onChoose} />
        ))}
      </ol>
      {found.length > shown.value && (
        <button
          type="button"
          class="button wide"
          onClick={() => {
            shown.value += PAGE;
          }}
        >
          {plural("episodes.more", found.length - shown.value)}
        </button>
      )}
      {value?.more && <p class="nothing">{words("episodes.newest", { n: all.length })}</p>}
    </section>
  );
}

interface OneProps {
  episode: Episode;
  isChosen: boolean;
  onChoose: (mark: Mark) => void;
}

function One({ episode, isChosen, onChoose }: OneProps) {
  const { call, onset_us: onsetUs, ended_us: endedUs } = episode;
  const priority = calls.value.get(call)?.priority ?? "low";
  const lasted =
    endedUs === null ? words("alarms.lasting") : words("alarms.lasted", { span: span((endedUs - onsetUs) / 1e6) });
  return (
    <li data-priority={priority} data-chosen={isChosen}>
      <PriorityIcon priority={priority} />
      <button
        type="button"
        class="alarm-choose"
        aria-pressed={isChosen}
        onClick={() => onChoose({ id: null, call, priority, onset_us: onsetUs })}
      >
        <strong>{callName(call)}</strong>
        <time dateTime={new Date(onsetUs / 1000).toISOString()}>{dayAndTime(onsetUs)}</time>
        <span class="alarm-story">{[lasted, ...measured(episode)].join(" · ")}</span>
      </button>
    </li>
  );
}

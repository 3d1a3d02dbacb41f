// One patient on the ward: wave, heart rate, the gravest alarm, and how fresh all of it is.

import type { WardPatient } from "../api/types";
import { isLive } from "../live/connection";
import { tickUs } from "../live/server_clock";
import { AlarmBar, alarmWords } from "../parts/alarm_bar";
import { Battery, FreshnessLine, freshnessWords, HeartRate, QualityWords } from "../parts/readings";
import { patientPath } from "../router";
import { LiveWave } from "../wave/live_wave";
import { plural, words } from "../words/words";
import { freshness } from "./freshness";
import { isUnanswered, lookOf } from "./order";
import type { Watched } from "./ward";

export function Tile({ watched: { patient, alarms } }: { watched: Watched }) {
  const [gravest, ...others] = alarms;
  return (
    <article
      class="tile"
      data-patient={patient.id}
      data-priority={gravest?.priority ?? "none"}
      data-alarm={gravest === undefined ? "none" : gravest.late && isUnanswered(gravest) ? "late" : lookOf(gravest)}
      aria-labelledby={`patient-${patient.id}`}
    >
      <header class="tile-head">
        <h2 id={`patient-${patient.id}`}>
          <a href={patientPath(patient.id)}>{patient.name}</a>
        </h2>
        {patient.ward && <span class="tile-ward">{patient.ward}</span>}
        <QualityWords patient={patient} />
        <Battery percent={patient.battery_percent} />
      </header>
      <div class="tile-wave">
        <LiveWave patientId={patient.id} name={patient.name} />
        <Quiet patient={patient} />
      </div>
      <HeartRate patient={patient} />
      <footer class="tile-foot">
        {gravest && <AlarmBar alarm={gravest} name={patient.name} />}
        {others.length > 0 && (
          <span class="tile-more" title={others.map(alarmWords).join(", ")}>
            {words("tile.plus", { n: others.length })}
            <span class="tile-more-words"> {plural("tile.more", others.length)}</span>
            <span class="visually-hidden">{others.map(alarmWords).join(", ")}</span>
          </span>
        )}
        <FreshnessLine patient={patient} />
      </footer>
    </article>
  );
}

/** Said loudly over the empty wave: silence is not health. */
function Quiet({ patient }: { patient: WardPatient }) {
  if (!isLive.value) return <p class="no-signal">{words("live.not_live")}</p>;
  const state = freshness(patient, tickUs.value);
  return state.kind === "quiet" || state.kind === "never" ? <p class="no-signal">{freshnessWords(state)}</p> : null;
}

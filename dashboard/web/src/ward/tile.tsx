// One patient on the ward: wave, heart rate, the gravest alarm, and how fresh all of it is.

import { strongest } from "../alarms/in_force";
import { useShown } from "../alarms/shown";
import type { Alarm, WardPatient } from "../api/types";
import { isByGlass } from "../glass/glass";
import { tickUs } from "../live/server_clock";
import { AlarmBar, alarmWords } from "../parts/alarm_bar";
import { CareButton } from "../parts/care_button";
import { GlassIcon, PersonIcon, SoundIcon } from "../parts/icons";
import { Battery, FreshnessLine, HeartRate, NoSignal, QualityWords } from "../parts/readings";
import { patientPath } from "../router";
import { LiveWave } from "../wave/live_wave";
import { countdown, hourMinute } from "../words/numbers";
import { plural, words } from "../words/words";
import { isUnanswered, lookOf } from "./order";
import { type Watched, ward } from "./ward";
import { zoneOfPatient } from "./zones";

export function Tile({ watched: { patient, alarms } }: { watched: Watched }) {
  const [gravest, ...others] = alarms;
  const othersShown = useShown<HTMLSpanElement>(others);
  const byGlass = isByGlass(patient);
  return (
    <article
      class="tile"
      data-patient={patient.id}
      data-priority={gravest?.priority ?? "none"}
      data-alarm={gravest === undefined ? "none" : gravest.late && isUnanswered(gravest) ? "late" : lookOf(gravest)}
      data-glass={byGlass}
      aria-labelledby={`patient-${patient.id}`}
    >
      <header class="tile-head">
        <h2 id={`patient-${patient.id}`}>
          <a href={patientPath(patient.id)}>{patient.name}</a>
        </h2>
        {byGlass && (
          <span class="tile-glass" title={words("glass.banner")}>
            <GlassIcon />
            <span class="tile-glass-words">{words("glass.mark")}</span>
          </span>
        )}
        {patient.ward && <span class="tile-ward">{patient.ward}</span>}
        <QualityWords patient={patient} />
        <Suspended alarms={alarms} />
        <PausedMark patient={patient} />
        <Battery percent={patient.battery_percent} />
      </header>
      <div class="tile-wave">
        <LiveWave patientId={patient.id} name={patient.name} />
        <NoSignal patient={patient} />
      </div>
      <HeartRate patient={patient} />
      <footer class="tile-foot">
        {gravest && <AlarmBar alarm={gravest} name={patient.name} />}
        {others.length > 0 && (
          <span ref={othersShown} class="tile-more" title={others.map(alarmWords).join(", ")}>
            {words("tile.plus", { n: others.length })}
            <span class="tile-more-words"> {plural("tile.more", others.length)}</span>
            <span class="visually-hidden">{others.map(alarmWords).join(", ")}</span>
          </span>
        )}
        {patient.nurse && (
          <span class="tile-nurse" title={words("nurse.label")}>
            <PersonIcon />
            <span class="visually-hidden">{words("nurse.label")}</span> {patient.nurse.name}
          </span>
        )}
        <FreshnessLine patient={patient} />
        {gravest === undefined && <CareButton patient={patient} />}
      </footer>
    </article>
  );
}

/** Calls that rest on the waveform while they last: what the heart does is not judged. */
const SUSPENDING: ReadonlySet<string> = new Set(["noise", "lead_off", "signal_flat", "signal_railed"]);

function Suspended({ alarms }: { alarms: readonly Alarm[] }) {
  const cause = alarms.find(({ call, ended_us: endedUs }) => endedUs === null && SUSPENDING.has(call));
  if (cause === undefined) return null;
  const time = hourMinute(cause.onset_us, zoneOfPatient(cause.patient_id));
  return (
    <span class="suspended" title={words("tile.suspended_since", { time })}>
      {words("tile.suspended")}
    </span>
  );
}

/** What is paused of this patient, and for how long still. */
function PausedMark({ patient }: { patient: WardPatient }) {
  const pause = strongest(ward.value?.pauses ?? [], patient);
  if (pause === null) return null;
  const left = countdown((pause.until_us - tickUs.value) / 1e6);
  const said = `${words(`pause.${pause.kind}`)}, ${words("pause.left", { time: left, name: pause.name })}`;
  return (
    <span class="paused-mark" data-kind={pause.kind} title={said}>
      <SoundIcon state="off" />
      <span class="visually-hidden">{said}</span>
      <span aria-hidden="true">{left}</span>
    </span>
  );
}

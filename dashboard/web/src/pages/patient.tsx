// One patient: the live lead, the day's heart rate, every alarm, and any stored minute.

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { acknowledgeAll } from "../alarms/answer";
import { ApiError } from "../api/http";
import { getPatient } from "../api/patients";
import type { Symptom } from "../api/schema";
import type { Alarm, PatientFacts, WardPatient } from "../api/types";
import { GlassBanner, mayBreakGlass } from "../glass/glass";
import { serverNowUs, tickUs } from "../live/server_clock";
import { AlarmBar } from "../parts/alarm_bar";
import { CareButton } from "../parts/care_button";
import { Battery, FreshnessLine, HeartRate, NoSignal, QualityWords } from "../parts/readings";
import { SubPage } from "../parts/sub_page";
import { ZoneNote } from "../parts/zone_note";
import { AlarmList, useAlarmHistory } from "../patient/alarm_list";
import { Disclosure } from "../patient/disclosure/disclosure";
import type { View } from "../patient/disclosure/view";
import { Episodes } from "../patient/episodes";
import { Devices } from "../patient/facts";
import { LimitsPanel } from "../patient/limits_editor";
import { useLoaded } from "../patient/loaded";
import { Messages } from "../patient/messages";
import { Notes } from "../patient/notes";
import { PairedDevices } from "../patient/paired";
import { bandsOf, useMarks } from "../patient/record_marks";
import { LEAST_S, type Mark, Strip } from "../patient/strip";
import { Symptoms } from "../patient/symptoms";
import { Trend } from "../patient/trend";
import { Trends } from "../patient/trends/trends";
import { RehearsalPanel } from "../rehearsal/rehearsal_dialog";
import { ReportPanel } from "../report/report_panel";
import { isUnanswered } from "../ward/order";
import { watchedOf } from "../ward/ward";
import { LiveWave } from "../wave/live_wave";
import { rulePaper } from "../wave/paper";
import { Still } from "../wave/still";
import { plural, words, wordsOfError } from "../words/words";
import { zone } from "../words/zone";

/** Facts such as battery and stored span are asked for anew this often, microseconds. */
const AGAIN_US = 15e6;
/** Most alarms that are shown as bars on top. */
const BARS = 3;
/** How far before the newest stored sample the strip begins to be shown, microseconds. */
const NEWEST_US = 8e6;
/** Of a record that just began: how far after its first sample. */
const EARLIEST_US = 3e6;

export function PatientPage({ id }: { id: number }) {
  return (
    <SubPage back="/ward" backWords={words("patient.back")} class="patient">
      <Patient id={id} />
    </SubPage>
  );
}

function Patient({ id }: { id: number }) {
  const again = useComputed(() => Math.floor(tickUs.value / AGAIN_US));
  const watched = watchedOf(id);
  // At once when the first signal came: then there is a record to show.
  const hasSignal = (watched?.patient.last_sample_us ?? null) !== null;
  const changes = useSignal(0);
  const loaded = useLoaded(`${id} ${again.value} ${hasSignal} ${changes.value}`, (abort) => getPatient(id, abort));
  const { value: facts, problem } = loaded.value;
  if (problem instanceof ApiError && problem.code === "not_found") {
    return (
      <div class="centred">
        <h1>{words("patient.unknown")}</h1>
        <p>{words("patient.unknown_why")}</p>
        {mayBreakGlass() && (
          <p>
            {words("glass.maybe")} <a href="/glass">{words("glass.title")}</a>
          </p>
        )}
      </div>
    );
  }
  const name = watched?.patient.name ?? facts?.patient.name ?? "";
  return (
    <>
      <div class="patient-name">
        <h1>{name}</h1>
        <span class="tile-ward">{watched?.patient.ward ?? facts?.patient.ward}</span>
        <ZoneNote of={zone.value} />
        {watched && <Readings patient={watched.patient} />}
        {watched && <CareButton patient={watched.patient} />}
      </div>
      <GlassBanner patientId={id} />
      {problem !== null && <p class="problem panel">{wordsOfError(problem)}</p>}
      {watched && <OpenAlarms alarms={watched.alarms} name={name} />}
      <Record
        id={id}
        name={name}
        facts={facts}
        factsUs={loaded.value.atUs}
        patient={watched?.patient ?? null}
        onFacts={() => {
          changes.value++;
        }}
      />
    </>
  );
}

/** The gravest as bars; what does not find room is counted, and all can be answered at once. */
function OpenAlarms({ alarms, name }: { alarms: readonly Alarm[]; name: string }) {
  const unanswered = alarms.filter(isUnanswered);
  const more = alarms.length - BARS;
  return (
    <div class="patient-alarms">
      {alarms.slice(0, BARS).map((alarm) => (
        <AlarmBar key={alarm.id} alarm={alarm} name={name} />
      ))}
      {(more > 0 || unanswered.length > 1) && (
        <div class="patient-alarms-more">
          {more > 0 && <span>{plural("patient.more_alarms", more)}</span>}
          <span class="spacer" />
          {unanswered.length > 1 && (
            <button type="button" class="button" onClick={() => acknowledgeAll(unanswered)}>
              {words("patient.acknowledge_all", { n: unanswered.length })}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Readings({ patient }: { patient: WardPatient }) {
  return (
    <>
      <QualityWords patient={patient} />
      <Battery percent={patient.battery_percent} />
      <span class="spacer" />
      <FreshnessLine patient={patient} />
    </>
  );
}

interface RecordProps {
  id: number;
  name: string;
  facts: PatientFacts | null;
  /** When they were so, by the server's clock. */
  factsUs: number;
  patient: WardPatient | null;
  /** They changed: to be asked for anew. */
  onFacts: () => void;
}

/** Wave, trend, strip and alarms: what is chosen in one is shown in the others. */
function Record({ id, name, facts, factsUs, patient, onFacts }: RecordProps) {
  const history = useAlarmHistory(id);
  const chosen = useSignal<{ atUs: number; alarm: Mark | null } | null>(null);
  const again = useComputed(() => {
    // What the patient says comes with an alarm; what he has read does not.
    const open = watchedOf(id)?.alarms ?? [];
    return `${Math.floor(tickUs.value / AGAIN_US)} ${open.map(({ id: alarmId, state, additions }) => `${alarmId}${state}${additions}`).join()}`;
  });
  const strip = useRef<HTMLDivElement>(null);
  const stored = facts?.stored ?? null;
  useEffect(() => {
    // Begin with what was stored last, until something is chosen.
    if (chosen.value !== null || stored === null) return;
    chosen.value = { atUs: Math.max(stored.first_us + EARLIEST_US, stored.last_us - NEWEST_US), alarm: null };
  }, [stored, chosen]);

  const chooseMark = (mark: Mark) => {
    chosen.value = { atUs: mark.onset_us, alarm: mark };
    strip.current?.scrollIntoView({ block: "nearest" });
  };
  const chooseAlarm = (alarm: Alarm) => {
    chooseMark(alarm);
  };
  const chooseSymptom = (symptom: Symptom) => {
    const mark = { id: symptom.alarm_id, call: "symptom", priority: "medium", onset_us: symptom.pressed_us } as const;
    chooseMark(mark);
  };
  const chooseTime = (atUs: number) => {
    chosen.value = { atUs: Math.min(atUs, serverNowUs()), alarm: chosen.value?.alarm ?? null };
  };
  const { atUs = null, alarm = null } = chosen.value ?? {};
  const stripS = useSignal(LEAST_S);
  const corrected = useSignal(0);
  const view = useSignal<View | null>(null);
  const { signs, episodes } = useMarks(id, view.value, `${again.value} ${corrected.value}`);
  const trendWindow = useSignal<{ hours: number; toUs: number } | null>(null);
  const bands = useMemo(() => bandsOf(episodes, history.alarms.value, serverNowUs()), [episodes, history.alarms.value]);
  return (
    <>
      <div class="patient-main">
        {patient === null ? <p class="panel">{words("ward.loading")}</p> : <Live patient={patient} />}
        <Trend
          patientId={id}
          alarms={history.alarms.value}
          facts={facts}
          chosenUs={atUs}
          onChoose={chooseTime}
          onWindow={(hours, toUs) => {
            trendWindow.value = { hours, toUs };
          }}
        />
        <div ref={strip}>
          {atUs === null ? (
            <p class="panel nothing">{words(facts === null ? "strip.loading" : "strip.nothing_yet")}</p>
          ) : (
            <Strip
              patientId={id}
              atUs={atUs}
              alarm={alarm}
              stored={stored}
              shownS={stripS}
              onMove={chooseTime}
              onCorrected={() => {
                corrected.value++;
              }}
            />
          )}
        </div>
        {atUs !== null && stored !== null && (
          <Disclosure
            key={zone.value}
            patientId={id}
            stored={stored}
            bands={bands}
            signs={signs}
            chosenUs={atUs}
            stripUs={stripS.value * 1e6}
            onChoose={chooseTime}
            onView={(next) => {
              view.value = next;
            }}
          />
        )}
        {trendWindow.value !== null && (
          <Trends patientId={id} {...trendWindow.value} again={String(corrected.value)} onChoose={chooseTime} />
        )}
        <Symptoms patientId={id} again={again.value} chosenUs={alarm?.onset_us ?? null} onChoose={chooseSymptom} />
        <Messages patientId={id} name={name} again={again.value} />
      </div>
      <div class="patient-aside">
        <AlarmList history={history} name={name} chosenId={alarm?.id ?? null} onChoose={chooseAlarm} />
        <Episodes patientId={id} chosenUs={alarm?.onset_us ?? null} onChoose={chooseMark} />
        <Notes patientId={id} again={again.value} chosenUs={atUs} onChoose={chooseTime} />
        <PairedDevices patientId={id} again={Math.floor(tickUs.value / AGAIN_US)} />
        {facts && <Devices devices={facts.devices} atUs={factsUs} />}
        {facts && <LimitsPanel patientId={id} limits={facts.limits} onChanged={onFacts} />}
        <RehearsalPanel patientId={id} />
        <ReportPanel patientId={id} />
      </div>
    </>
  );
}

function Live({ patient }: { patient: WardPatient }) {
  return (
    <section class="panel live-panel" aria-label={words("patient.live")}>
      <div class="live-wave">
        <Still class="paper" draw={rulePaper} />
        <LiveWave patientId={patient.id} name={patient.name} beatsPx={20} />
        <NoSignal patient={patient} />
      </div>
      <HeartRate patient={patient} />
    </section>
  );
}

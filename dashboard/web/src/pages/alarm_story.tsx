// "What happened to this alarm?": every step from the signal to a person, and its entry in the ledger.

import { useComputed } from "@preact/signals";
import { getStory, type Story } from "../api/ledger";
import { CheckPanel } from "../ledger/check_panel";
import { Spans, Steps } from "../ledger/steps";
import { tickUs } from "../live/server_clock";
import { PriorityIcon } from "../parts/icons";
import { SubPage } from "../parts/sub_page";
import { useLoaded } from "../patient/loaded";
import { patientPath } from "../router";
import { lookOf } from "../ward/order";
import { zoneOfPatient } from "../ward/zones";
import { askedWords } from "../words/asked";
import { dayAndTime } from "../words/numbers";
import { words, wordsOfError } from "../words/words";

/** How often the story is asked for anew, microseconds: it may still go on. */
const AGAIN_US = 2e6;

export function AlarmStoryPage({ id }: { id: number }) {
  const again = useComputed(() => Math.floor(tickUs.value / AGAIN_US));
  const loaded = useLoaded(`${id} ${again.value}`, (abort) => getStory(id, abort));
  const { value: story, problem } = loaded.value;
  const patientId = story?.alarm.patient_id ?? null;
  const isOfPatient = patientId !== null && story?.patient != null;
  return (
    <SubPage
      back={isOfPatient ? patientPath(patientId) : "/ward"}
      backWords={isOfPatient ? words("story.back", { name: story?.patient ?? "" }) : words("patient.back")}
      class="story-page"
    >
      {problem !== null && (
        <p class="problem panel" role="alert">
          {wordsOfError(problem)}
        </p>
      )}
      {story === null && problem === null && <p class="panel nothing">{words("story.loading")}</p>}
      {story !== null && <Told story={story} />}
      <CheckPanel />
    </SubPage>
  );
}

function Told({ story: { alarm, patient, steps } }: { story: Story }) {
  const of = zoneOfPatient(alarm.patient_id);
  return (
    <section class="panel" aria-labelledby="story-title" data-priority={alarm.priority} data-state={lookOf(alarm)}>
      <header class="story-head">
        <PriorityIcon priority={alarm.priority} />
        <h1 id="story-title">{askedWords(alarm)}</h1>
        <span class="visually-hidden">{words(`priority.${alarm.priority}`)}</span>
        <p>
          {alarm.patient_id === null ? words("system.name") : (patient ?? words("story.a_patient"))}
          {" · "}
          {dayAndTime(alarm.onset_us, of)}
          {alarm.late && ` · ${words("story.late")}`}
        </p>
      </header>
      <h2 class="visually-hidden">{words("story.spans")}</h2>
      <Spans steps={steps} />
      <h2 class="story-subtitle">{words("story.title")}</h2>
      <Steps steps={steps} of={of} />
      <p class="panel-note">{words("story.clocks")}</p>
    </section>
  );
}

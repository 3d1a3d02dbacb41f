// A report for the file: choose the period, see it being made, fetch it; and those of before.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { serverNowUs } from "../live/server_clock";
import { Waiting } from "../parts/waiting";
import { ZoneNote } from "../parts/zone_note";
import { useLoaded } from "../patient/loaded";
import { user } from "../session";
import { language } from "../words/language";
import { dayAndTime, percent } from "../words/numbers";
import { type MessageKey, plural, words, wordsOfError } from "../words/words";
import { fieldOf, zone } from "../words/zone";
import { askReport, fileOf, getReports, lastDays, PERIODS, periodOf, type ReportJob } from "./report";

/** While one is being made it is asked for this often, ms. */
const FOLLOW_MS = 700;

const FAILED: Record<string, MessageKey> = {
  interrupted: "report.interrupted",
  damaged: "report.damaged",
  letters: "report.letters",
  unavailable: "report.unavailable",
};

export function ReportPanel({ patientId }: { patientId: number }) {
  if (user.value?.permissions.includes("export") !== true) return null;
  return <Panel patientId={patientId} />;
}

function Panel({ patientId }: { patientId: number }) {
  const turn = useSignal(0);
  const problem = useSignal<unknown>(null);
  const busy = useSignal(false);
  const said = useSignal("");
  const loaded = useLoaded(`${patientId} ${turn.value}`, (abort) => getReports(patientId, abort));
  const jobs = loaded.value.value?.reports ?? [];
  const isMaking = jobs.some(({ state }) => state === "making");
  useEffect(() => {
    if (!isMaking) return undefined;
    const timer = setTimeout(() => turn.value++, FOLLOW_MS);
    return () => clearTimeout(timer);
  }, [isMaking, loaded.value]);
  useEffect(() => {
    // Of what is being made only the end is said: whoever hears the page needs no numbers.
    if (isMaking) said.value = words("report.making");
    else if (said.value !== "") said.value = words(jobs[0]?.state === "made" ? "report.ready" : "report.not_made");
  }, [isMaking]);
  const ask = async (period: [number, number]) => {
    if (busy.value) return;
    busy.value = true;
    problem.value = null;
    try {
      await askReport(patientId, ...period, language.value);
    } catch (error) {
      problem.value = error;
    }
    busy.value = false;
    turn.value++;
  };
  const wrong = problem.value ?? loaded.value.problem;
  return (
    <section class="panel" aria-labelledby="report-title">
      <header class="panel-head">
        <h2 id="report-title">{words("report.title")}</h2>
      </header>
      <p class="panel-note">{words("report.help")}</p>
      <Period onAsk={ask} busy={busy.value} />
      <p class="problem" role="alert">
        {wrong === null ? "" : wordsOfError(wrong)}
      </p>
      <p class="visually-hidden" role="status">
        {said.value}
      </p>
      <Waiting of={loaded.value} />
      <ol class="reports">
        {jobs.map((job) => (
          <li key={job.id}>
            <Job patientId={patientId} job={job} />
          </li>
        ))}
      </ol>
      {loaded.value.value !== null && jobs.length === 0 && <p class="nothing">{words("report.none")}</p>}
    </section>
  );
}

function Period({ onAsk, busy }: { onAsk: (period: [number, number]) => void; busy: boolean }) {
  const [fromUs, toUs] = lastDays(1, serverNowUs(), zone.value);
  const days = useSignal<number | null>(1);
  const from = useSignal(fieldOf(fromUs, zone.value));
  const to = useSignal(fieldOf(toUs, zone.value));
  const isWrong = useSignal(false);
  const ask = (event: Event) => {
    event.preventDefault();
    const period =
      days.value === null
        ? periodOf(from.value, to.value, zone.value)
        : lastDays(days.value, serverNowUs(), zone.value);
    isWrong.value = period === null;
    if (period !== null) onAsk(period);
  };
  return (
    <form class="report-form" onSubmit={ask}>
      <fieldset class="choices">
        <legend class="visually-hidden">{words("report.period")}</legend>
        {PERIODS.map((n) => (
          <label key={n} class="choice">
            <input
              type="radio"
              name="period"
              checked={days.value === n}
              onChange={() => {
                days.value = n;
              }}
            />
            {plural("report.days", n)}
          </label>
        ))}
        <label class="choice">
          <input
            type="radio"
            name="period"
            checked={days.value === null}
            onChange={() => {
              days.value = null;
            }}
          />
          {words("report.another_one")}
        </label>
      </fieldset>
      {days.value === null && (
        <div class="row">
          <Instant name="from" label={words("report.from")} value={from} isWrong={isWrong.value} />
          <Instant name="to" label={words("report.to")} value={to} isWrong={isWrong.value} />
          <ZoneNote of={zone.value} />
        </div>
      )}
      {isWrong.value && (
        <p class="problem" id="report-wrong" role="alert">
          {words("report.wrong_period")}
        </p>
      )}
      <button type="submit" class="button main" aria-disabled={busy}>
        {words("report.make")}
      </button>
    </form>
  );
}

interface InstantProps {
  name: string;
  label: string;
  value: { value: string };
  isWrong: boolean;
}

function Instant({ name, label, value, isWrong }: InstantProps) {
  return (
    <label class="instant">
      <span>{label}</span>
      <input
        type="datetime-local"
        name={name}
        value={value.value}
        required
        aria-invalid={isWrong}
        aria-describedby={isWrong ? "report-wrong" : undefined}
        onInput={(event) => {
          value.value = event.currentTarget.value;
        }}
      />
    </label>
  );
}

function Job({ patientId, job }: { patientId: number; job: ReportJob }) {
  const period = `${dayAndTime(job.from_us)} \u2013 ${dayAndTime(job.to_us)}`;
  return (
    <>
      <p>
        <strong>{period}</strong>
        <br />
        <span class="nothing">{words("report.by", { name: job.by, time: dayAndTime(job.asked_us) })}</span>
      </p>
      {job.state === "making" && (
        <p class="report-progress">
          <progress max={1} value={job.progress} aria-label={words("report.making")} />
          <span>{percent(Math.floor(job.progress * 100))}</span>
        </p>
      )}
      {job.state === "made" && (
        <a
          class="button"
          href={fileOf(patientId, job)}
          target="_blank"
          rel="noreferrer"
          download
          aria-label={words("report.fetch_of", { period })}
        >
          {words("report.fetch", { language: job.language.toUpperCase() })}
        </a>
      )}
      {job.state === "failed" && <p class="problem">{words(FAILED[job.failed ?? ""] ?? "report.defect")}</p>}
      {job.state === "forgotten" && <p class="nothing">{words("report.forgotten")}</p>}
    </>
  );
}

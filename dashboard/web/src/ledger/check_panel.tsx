// Whether the ledger is whole: its length, what waits, and a check by a button, with how far it is.

import { useComputed, useSignal } from "@preact/signals";
import { beginCheck, type Finding, getLedger, type LedgerCheck, type LedgerNow } from "../api/ledger";
import { tickUs } from "../live/server_clock";
import { CheckIcon, CrossIcon } from "../parts/icons";
import { useLoaded } from "../patient/loaded";
import { alarmPath } from "../router";
import { dayAndTime } from "../words/numbers";
import { plural, words, wordsOfError } from "../words/words";

/** How often it is asked for anew, microseconds. */
const AGAIN_US = 2e6;

export function CheckPanel() {
  const again = useComputed(() => Math.floor(tickUs.value / AGAIN_US));
  const asked = useSignal(0);
  const problem = useSignal<unknown>(null);
  const loaded = useLoaded(`${again.value} ${asked.value}`, getLedger);
  const begin = () => {
    beginCheck().then(
      () => {
        problem.value = null;
        asked.value++;
      },
      (error: unknown) => {
        problem.value = error;
      },
    );
  };
  const now = loaded.value.value;
  const wrong = problem.value ?? loaded.value.problem;
  return (
    <section class="panel ledger-panel" aria-labelledby="ledger-title">
      <header class="panel-head">
        <h2 id="ledger-title">{words("ledger.title")}</h2>
      </header>
      <p class="panel-note">{words("ledger.help")}</p>
      {wrong !== null && <p class="problem">{wordsOfError(wrong)}</p>}
      {now !== null && <Facts now={now} />}
      <button
        type="button"
        class="button main"
        aria-disabled={now?.checks[0]?.state === "running"}
        onClick={() => now?.checks[0]?.state !== "running" && begin()}
      >
        {words("ledger.check")}
      </button>
      <div role="status">{now?.checks[0] !== undefined && <Result check={now.checks[0]} />}</div>
    </section>
  );
}

function Facts({ now }: { now: LedgerNow }) {
  return (
    <ul class="ledger-facts">
      <li>
        {plural("ledger.entries", now.entries)}
        {now.head_us !== null && ` · ${words("ledger.last", { time: dayAndTime(now.head_us) })}`}
      </li>
      {now.head_hash !== null && (
        <li>
          {words("ledger.head")} <code>{now.head_hash.slice(0, 16)}</code>
        </li>
      )}
      {now.due > 0 && <li>{plural("ledger.due", now.due)}</li>}
    </ul>
  );
}

function Result({ check }: { check: LedgerCheck }) {
  if (check.state === "lost") return <p class="problem">{words("ledger.lost")}</p>;
  if (check.report === null) {
    return (
      <label class="ledger-progress">
        {words("ledger.running", { done: check.entries_done, of: check.entries })}
        <progress value={check.entries_done} max={Math.max(1, check.entries)} />
      </label>
    );
  }
  const { wrong, findings, entries, dropped } = check.report;
  const given = { time: dayAndTime(check.ended_us ?? check.begun_us), name: check.name ?? words("system.name") };
  return (
    <>
      <p class="ledger-verdict" data-wrong={wrong > 0}>
        {wrong > 0 ? <CrossIcon /> : <CheckIcon />}
        <strong>{wrong > 0 ? plural("ledger.wrong", wrong) : plural("ledger.whole", entries)}</strong>
      </p>
      <p class="panel-note">
        {words("ledger.checked", given)}
        {dropped > 0 && ` ${plural("ledger.dropped", dropped)}`}
      </p>
      {wrong > 0 && <p class="problem">{words("ledger.what_to_do")}</p>}
      <ol class="ledger-findings">
        {findings.map((finding) => (
          <li key={`${finding.wrong}${finding.seq}${finding.source}${finding.source_id}`}>
            <Found finding={finding} />
          </li>
        ))}
      </ol>
    </>
  );
}

function Found({ finding }: { finding: Finding }) {
  const { wrong, seq, source, source_id, alarm_id } = finding;
  return (
    <>
      {words(`found.${wrong}`, { seq, row: `${source} ${source_id}` })}
      {alarm_id !== null && (
        <>
          {" "}
          <a href={alarmPath(alarm_id)}>{words("ledger.of_alarm", { id: String(alarm_id) })}</a>
        </>
      )}
    </>
  );
}

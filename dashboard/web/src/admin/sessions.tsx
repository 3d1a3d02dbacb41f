// Where people are signed in, and ending that.

import { endSession, getSessions } from "../api/admin";
import type { OpenSession } from "../api/schema";
import { calledIn } from "../words/called";
import { dayAndTime } from "../words/numbers";
import { type MessageKey, words } from "../words/words";
import { useListed } from "./act";
import { LoadedState, Panel, Table } from "./panel";

export function SessionsSection() {
  const { loaded, reload, busy, problem, actAndReload } = useListed(getSessions);
  const sessions = loaded.value.value;
  const called = calledIn((sessions ?? []).map(({ user_id: id, name, login }) => ({ id, name, login })));
  const nameOf = ({ user_id, name }: OpenSession) => called.get(user_id) ?? name;
  return (
    <Panel id="sessions" title={words("sessions.title")} hint={words("sessions.hint")}>
      <LoadedState loaded={loaded} again={reload} />
      {sessions !== null && (
        <Table
          label={words("sessions.title")}
          heads={[
            words("on_call.who"),
            words("sessions.begun"),
            words("sessions.used"),
            words("sessions.from"),
            words("sessions.with"),
            words("sessions.by"),
            "",
          ]}
          rows={sessions.map((session) => [
            nameOf(session),
            dayAndTime(session.begun_us),
            dayAndTime(session.seen_us),
            session.address,
            session.agent,
            words(`method.${session.method}` as MessageKey),
            session.is_this ? (
              words("sessions.this")
            ) : (
              <button
                key="end"
                type="button"
                class="button danger"
                aria-disabled={busy.value}
                aria-label={words("sessions.end_of", { name: nameOf(session), time: dayAndTime(session.begun_us) })}
                onClick={() => actAndReload(() => endSession(session.id))}
              >
                {words("sessions.end")}
              </button>
            ),
          ])}
        />
      )}
      <p class="problem" role="alert">
        {problem.value}
      </p>
    </Panel>
  );
}

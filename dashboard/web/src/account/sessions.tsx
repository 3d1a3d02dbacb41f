// Where one is signed in: each ended there, or all others at once.

import { useListed } from "../admin/act";
import { LoadedState, Panel, Table } from "../admin/panel";
import { endOtherSessions, getOwnSessions } from "../api/account";
import { endSession } from "../api/admin";
import { dayAndTime } from "../words/numbers";
import { type MessageKey, words } from "../words/words";

export function OwnSessionsPanel({ again }: { again: number }) {
  const { loaded, reload, busy, problem, actAndReload } = useListed(getOwnSessions, String(again));
  const sessions = loaded.value.value;
  return (
    <Panel id="own-sessions" title={words("account.sessions")} hint={words("account.sessions_hint")}>
      <LoadedState loaded={loaded} again={reload} />
      {sessions !== null && (
        <Table
          label={words("account.sessions")}
          heads={[
            words("sessions.with"),
            words("sessions.from"),
            words("sessions.by"),
            words("sessions.begun"),
            words("sessions.used"),
            "",
          ]}
          rows={sessions.map((session) => [
            session.agent,
            session.address,
            words(`method.${session.method}` as MessageKey),
            dayAndTime(session.begun_us),
            dayAndTime(session.seen_us),
            session.is_this ? (
              <strong key="this">{words("account.this_session")}</strong>
            ) : (
              <button
                key="end"
                type="button"
                class="button danger"
                aria-disabled={busy.value}
                aria-label={words("account.sign_out_of", {
                  agent: session.agent,
                  time: dayAndTime(session.begun_us),
                })}
                onClick={() => actAndReload(() => endSession(session.id))}
              >
                {words("account.sign_out_there")}
              </button>
            ),
          ])}
        />
      )}
      <p class="problem" role="alert">
        {problem.value}
      </p>
      {sessions !== null &&
        (sessions.length > 1 ? (
          <div class="row">
            <button
              type="button"
              class="button danger"
              aria-disabled={busy.value}
              onClick={() => actAndReload(endOtherSessions)}
            >
              {words("account.sign_out_others")}
            </button>
          </div>
        ) : (
          <p>{words("account.nowhere_else")}</p>
        ))}
    </Panel>
  );
}

// Whether an alarm comes through, as the canary last proved it: always beside the services, with the stages on demand.

import type { Canary, CanaryState } from "../api/types";
import { isLive } from "../live/connection";
import { tickUs } from "../live/server_clock";
import { ward } from "../ward/ward";
import { decimal, span } from "../words/numbers";
import { words } from "../words/words";
import { CheckIcon, CrossIcon } from "./icons";

/** The words of a proof by its age. */
function says({ state, proven_us }: Pick<Canary, "state" | "proven_us">, nowUs: number): string {
  if (state === "never" || proven_us === null) return words("proven.never");
  return words(`proven.${state}`, { age: span((nowUs - proven_us) / 1e6) });
}

export function Proven() {
  const canary = ward.value?.canary;
  if (canary === undefined) return null;
  // A page that is not live knows nothing of now.
  const state: CanaryState = !isLive.value && canary.state === "proven" ? "stale" : canary.state;
  return (
    <details class="proven" data-state={state}>
      <summary aria-label={`${words("proven.label")}: ${says({ ...canary, state }, tickUs.value)}`}>
        {state === "proven" ? <CheckIcon /> : <CrossIcon />}
        <span>{says({ ...canary, state }, tickUs.value)}</span>
      </summary>
      <div class="proven-more">
        <p>{words(state === "never" ? "proven.never_why" : "proven.help")}</p>
        {canary.failed_stage !== null && (
          <p class="proven-failed">
            <CrossIcon />
            {words("proven.failed_at", { stage: words(`proven.stage.${canary.failed_stage}`) })}
          </p>
        )}
        {canary.stages.length > 0 && <Stages canary={canary} />}
      </div>
    </details>
  );
}

function Stages({ canary }: { canary: Canary }) {
  return (
    <>
      <h2>{words("proven.stages")}</h2>
      <ol>
        {canary.stages.map(({ stage, ms }) => (
          <li key={stage}>
            <span>{words(`proven.stage.${stage}`)}</span>
            <span class="stage-time">{words("proven.stage_time", { seconds: decimal(ms / 1000) })}</span>
          </li>
        ))}
      </ol>
    </>
  );
}

// The care team has shut this phone out: say so, and stop.

import { wantsCode } from "../pairing/pair";
import { session } from "../store";
import { words } from "../words/words";

export function Revoked() {
  const number = session.value?.emergencyNumber || "112";
  return (
    <main class="plain" id="main">
      <h1>{words("revoked.title")}</h1>
      <p>{words("revoked.text", { ward: session.value?.ward ?? "" })}</p>
      <p class="emergency">{words("feel.emergency", { number })}</p>
      <button
        type="button"
        class="button main"
        onClick={() => {
          wantsCode.value = true;
        }}
      >
        {words("revoked.again")}
      </button>
    </main>
  );
}

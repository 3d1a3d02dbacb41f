// The care team has shut this phone out: say so, and stop.

import { wantsCode } from "../pairing/pair";
import { emergencyNumber, session } from "../store";
import { words } from "../words/words";

export function Revoked() {
  return (
    <main class="plain" id="main">
      <h1>{words("revoked.title")}</h1>
      <p>{words("revoked.text", { ward: session.value?.ward ?? "" })}</p>
      <p class="emergency">{words("feel.emergency", { number: emergencyNumber.value })}</p>
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

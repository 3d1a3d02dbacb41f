// That an answer is on its way: an empty panel would read as "there is nothing".

import type { Loaded } from "../patient/loaded";
import { words } from "../words/words";

export function Waiting({ of: { value, problem } }: { of: Loaded<unknown> }) {
  return value === null && problem === null ? <p class="nothing">{words("app.loading")}</p> : null;
}

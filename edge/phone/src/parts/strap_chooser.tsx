// The button that opens the browser's list of wearables.

import { useSignal } from "@preact/signals";
import { chooseStrap } from "../runtime";
import { type MessageKey, words } from "../words/words";

export function StrapChooser({ label = "strap.choose" }: { label?: MessageKey }) {
  const problem = useSignal<MessageKey | null>(null);
  const choose = async () => {
    problem.value = null;
    try {
      if (!(await chooseStrap())) problem.value = "strap.none_chosen";
    } catch {
      problem.value = "strap.switched_off";
    }
  };
  return (
    <>
      <button type="button" class="button main" onClick={choose}>
        {words(label)}
      </button>
      <p class="problem" role="alert">
        {problem.value !== null && words(problem.value)}
      </p>
    </>
  );
}

// A button for each provider by which people sign in.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { words, wordsOfError } from "../words/words";
import { goTo, learnWays, waysIn } from "./elsewhere";

export function ProviderButtons() {
  const going = useSignal<string | null>(null);
  const problem = useSignal<unknown>(null);
  useEffect(() => {
    learnWays();
  }, []);
  const ways = waysIn.value;
  if (ways === null || ways.providers.length === 0) return null;

  const go = async (key: string) => {
    if (going.value !== null) return;
    going.value = key;
    problem.value = null;
    try {
      await goTo(key);
    } catch (error) {
      problem.value = error;
      going.value = null;
    }
  };

  return (
    <div class="ways">
      {ways.password && <p class="or">{words("sign_in.or")}</p>}
      {ways.providers.map(({ key, name }) => (
        <button
          key={key}
          type="button"
          class={ways.password ? "button" : "button main"}
          aria-disabled={going.value !== null}
          onClick={() => go(key)}
        >
          {words(going.value === key ? "sign_in.going" : "sign_in.by", { name })}
        </button>
      ))}
      <p class="problem" role="alert">
        {problem.value !== null && wordsOfError(problem.value)}
      </p>
    </div>
  );
}

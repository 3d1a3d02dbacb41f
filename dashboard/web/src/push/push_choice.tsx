// "Tell me on this device", in the person's menu.

import { useEffect } from "preact/hooks";
import { words, wordsOfError } from "../words/words";
import { learnPush, pushProblem, pushState, switchPush, testPush } from "./push";

export function PushChoice() {
  useEffect(() => {
    learnPush();
  }, []);
  const { value: state } = pushState;
  if (state === "unsupported" || state === "refused") return <p class="menu-note">{words(`push.${state}`)}</p>;
  return (
    <>
      <label class="push-choice">
        <input type="checkbox" checked={state === "on"} disabled={state === "busy"} onChange={switchPush} />
        {words("push.tell_me")}
      </label>
      <p class="menu-note" role="status">
        {pushProblem.value === null ? words(state === "on" ? "push.on" : "push.off") : wordsOfError(pushProblem.value)}
      </p>
      {state === "on" && (
        <button type="button" class="button" onClick={testPush}>
          {words("push.test")}
        </button>
      )}
    </>
  );
}

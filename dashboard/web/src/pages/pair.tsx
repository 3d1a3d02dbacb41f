// Pairing a device: a QR code and eight characters, large enough to read across a bed, and what becomes of them.

import { getPatient } from "../api/patients";
import { serverNowUs, tickUs } from "../live/server_clock";
import { type Stage, stageOf, usePairing } from "../pairing/code";
import { QrCode } from "../pairing/qr";
import { CheckIcon } from "../parts/icons";
import { SubPage } from "../parts/sub_page";
import { useLoaded } from "../patient/loaded";
import { patientPath } from "../router";
import { watchedOf } from "../ward/ward";
import { countdown } from "../words/numbers";
import { words, wordsOfError } from "../words/words";

export function PairPage({ id }: { id: number }) {
  return (
    <SubPage back={patientPath(id)} backWords={words("pair.back")} class="one-thing">
      <Pair id={id} />
    </SubPage>
  );
}

const STEPS = ["waiting", "paired", "receiving"] as const;

function Pair({ id }: { id: number }) {
  const facts = useLoaded(String(id), (abort) => getPatient(id, abort));
  const { pairing, renew } = usePairing(id);
  const { code, state, problem } = pairing.value;
  const stage = stageOf(pairing.value);
  const name = watchedOf(id)?.patient.name ?? facts.value.value?.patient.name ?? "";
  return (
    <section class="panel pair" aria-labelledby="pair-title" data-stage={stage}>
      <h1 id="pair-title">{words("pair.title", { name })}</h1>
      {stage === "waiting" && code !== null && (
        <>
          <QrCode text={code.url} label={words("pair.qr")} />
          <div class="pair-words">
            <p>{words("pair.scan")}</p>
            <p class="pair-characters">
              <span class="visually-hidden">{words("pair.code")} </span>
              <strong>{code.code}</strong>
            </p>
            <p class="nothing">{words("pair.holds", { time: leftOf(code.expires_us) })}</p>
          </div>
        </>
      )}
      <div class="pair-state">
        {problem !== null && (
          <p class="problem" role="alert">
            {wordsOfError(problem)}
          </p>
        )}
        {(stage === "expired" || stage === "replaced" || (problem !== null && code === null)) && (
          <button type="button" class="button main" onClick={renew}>
            {words("pair.new_code")}
          </button>
        )}
        <Steps stage={stage} />
        <p class="pair-now" role="status">
          {words(`pair.${stage}`)}
        </p>
        {(stage === "paired" || stage === "receiving") && (
          <>
            <p class="said">{words("pair.paired_as", { device: state?.description || words("devices.unnamed") })}</p>
            <div class="row">
              <a class="button main" href={patientPath(id)}>
                {words("pair.see", { name })}
              </a>
              <button type="button" class="button main" onClick={renew}>
                {words("pair.another")}
              </button>
            </div>
          </>
        )}
      </div>
    </section>
  );
}

function leftOf(expiresUs: number): string {
  return countdown((expiresUs - Math.max(serverNowUs(), tickUs.value)) / 1e6);
}

function Steps({ stage }: { stage: Stage }) {
  const at = (STEPS as readonly string[]).indexOf(stage);
  return (
    <ol class="pair-steps">
      {STEPS.map((step, i) => (
        <li key={step} data-done={i < at || stage === "receiving"} {...(i === at && { "aria-current": "step" })}>
          <span class="pair-mark">{i < at || stage === "receiving" ? <CheckIcon /> : i + 1}</span>
          {words(`pair.step_${step}`)}
        </li>
      ))}
    </ol>
  );
}

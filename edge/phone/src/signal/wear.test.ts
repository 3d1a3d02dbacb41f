import { expect, it } from "vitest";
import { EcgFlag } from "../wire/frames";
import { type Contact, flagsOf, Wear } from "./wear";
import sample from "./wear.sample.json";

/** What a strap does for a while; the numbers are whole, so that both languages make the same of them. */
interface Scene {
  seconds: number;
  /** A triangle of so many samples a period, with an amplitude, and noise of at most so much, microvolts. */
  period: number;
  amplitudeUv: number;
  noiseUv: number;
  skin: 0 | 1 | 2;
  beats: boolean;
}

const N = sample.packetSamples;
const FS = sample.fsHz;

function* play(scenes: readonly Scene[], wear: Wear): Generator<Contact> {
  let random = 1;
  for (const scene of scenes) {
    for (let packet = 0; packet * N < scene.seconds * FS; packet++) {
      const uv = Array.from({ length: N }, (_, k) => {
        random = (random * 48_271) % 2_147_483_647;
        const at = (packet * N + k) % scene.period;
        const triangle = Math.floor(
          (scene.amplitudeUv * (4 * Math.abs(at - scene.period / 2) - scene.period)) / scene.period,
        );
        const value = triangle + (random % (2 * scene.noiseUv + 1)) - scene.noiseUv;
        return Math.max(-20_000, Math.min(20_000, value));
      });
      wear.hear(scene.skin, scene.beats);
      yield wear.look(uv, FS);
    }
  }
}

// The agent's rules are proven on every record of fibrillation that there is (tests/unit/edge/test_wear.py); these are
// the same rules: tests/unit/edge/test_phone_wear.py writes what the agent says of the scenes.
it("says of every scene what the agent says, packet by packet", () => {
  const flags = [...play(sample.scenes as Scene[], new Wear())].map(flagsOf);
  const runs: { flag: number; packets: number }[] = [];
  for (const flag of flags) {
    const last = runs.at(-1);
    if (last?.flag === flag) last.packets++;
    else runs.push({ flag, packets: 1 });
  }
  expect(runs).toEqual(sample.flags);
});

const STILL: Scene = { seconds: 60, period: 2, amplitudeUv: 0, noiseUv: 1, skin: 0, beats: false };

it("shows a flat line to the patient, and marks nothing: it may be a heart that stands still", () => {
  const said = [...play([STILL], new Wear())];
  expect(said.at(-1)).toBe("flat");
  expect(new Set(said.map(flagsOf))).toEqual(new Set([0]));
});

it("knows no heart before it has looked for two seconds, and none in what a connection before left", () => {
  const wear = new Wear();
  const heart: Scene = { seconds: 4, period: 104, amplitudeUv: 900, noiseUv: 20, skin: 0, beats: true };
  const said = [...play([heart], wear)];
  expect([said[0], said.at(-1)]).toEqual(["unknown", "good"]);
  wear.forget();
  expect([...play([heart], wear)][0]).toBe("unknown");
});

it("marks what touches no skin", () => {
  const said = [...play([{ ...STILL, noiseUv: 300, skin: 1 }], new Wear())];
  expect(said[0]).toBe("no_contact");
  expect(flagsOf("no_contact")).toBe(EcgFlag.leadOff);
});

import { afterEach, describe, expect, it } from "vitest";
import { askedWords, newestWords } from "./asked";
import { language } from "./language";
import { calls } from "./words";

const CALLS = [
  ["symptom", "Symptom reported", "Symptôme signalé"],
  ["patient_message", "Message from the patient", "Message du patient"],
] as const;
calls.value = new Map(
  CALLS.map(([code, en, fr]) => [
    code,
    { code, names: { en, fr, de: en }, priority: "low", family: "clinical", latching: false, implies: [], limits: {} },
  ]),
);
afterEach(() => {
  language.value = "en";
});

describe("what an alarm asks", () => {
  it.each([
    ["symptom", { press: "p", chips: [] }, null, "Symptom reported"],
    ["symptom", { chips: ["chest_pain", "dizzy"] }, null, "Symptom reported: chest pain, dizzy"],
    ["patient_message", { messages: 1, unread: 1 }, null, "Message from the patient"],
    ["patient_message", { messages: 4, unread: 3 }, null, "3 messages from the patient"],
    ["patient_message", { messages: 4, unread: 0 }, 5, "4 messages from the patient"],
    ["patient_message", { message_id: 7, kind: "answer" }, null, "Message from the patient"],
    ["asystole", { unread: 3, chips: ["dizzy"] }, null, "asystole"],
  ])("of %s with %j, ended at %s", (call, detail, ended_us, said) => {
    expect(askedWords({ call, detail, ended_us })).toBe(said);
  });

  it("is said in French", () => {
    language.value = "fr";
    expect(askedWords({ call: "symptom", detail: { chips: ["dizzy"] }, ended_us: null })).toBe(
      "Symptôme signalé : vertiges",
    );
  });

  it("says who of another ward looks, and why", () => {
    const detail = { by: "Dr. Day", role: "physician", reason: "Called to help", until_us: 1 };
    expect(askedWords({ call: "glass_broken", detail, ended_us: null })).toBe(
      "glass_broken: Dr. Day (Physician), “Called to help”",
    );
  });

  it("says when the newest of several was said", () => {
    const detail = { messages: 2, newest_us: 1e15 };
    expect(newestWords({ call: "patient_message", detail })).toHaveLength(1);
    expect(newestWords({ call: "patient_message", detail: { ...detail, messages: 1 } })).toEqual([]);
  });
});

import { expect, it } from "vitest";
import { type Facts, type Situation, situationOf, toneOf } from "./situation";

const WELL: Facts = {
  hasBluetooth: true,
  strap: "on",
  contact: "good",
  silentMs: 400,
  receivedAgoMs: 2000,
  isUp: true,
  isOnline: true,
  isStorageFull: false,
  refusal: null,
};

it.each<[Situation, Partial<Facts>]>([
  ["receiving", {}],
  ["sending", { receivedAgoMs: 10_001 }],
  ["sending", { receivedAgoMs: null }],
  ["offline", { receivedAgoMs: 20_000, isUp: false, isOnline: false }],
  ["server_away", { receivedAgoMs: null, isUp: false }],
  ["refused", { receivedAgoMs: null, refusal: "revoked_device" }],
  ["no_contact", { contact: "no_contact" }],
  ["off_body", { contact: "off_body" }],
  ["flat", { contact: "flat" }],
  ["strap_silent", { silentMs: 5001 }],
  ["strap_away", { strap: "away" }],
  ["connecting", { strap: "connecting" }],
  ["no_strap", { strap: "none" }],
  ["no_bluetooth", { strap: "none", hasBluetooth: false }],
  ["storage_full", { isStorageFull: true }],
])("says %s", (situation, facts) => {
  expect(situationOf({ ...WELL, ...facts })).toBe(situation);
});

it("is good in no situation but that one", () => {
  for (const facts of [{ isStorageFull: true }, { strap: "none" as const }, { receivedAgoMs: null }]) {
    expect(toneOf(situationOf({ ...WELL, ...facts }))).not.toBe("good");
  }
  expect(toneOf("receiving")).toBe("good");
});

import { expect, it } from "vitest";
import { connect, PacketError, PacketReader, publish, subscribe } from "./packets";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const text = (value: string) => Buffer.from(value).toString("hex");

it("3.1 connects with a clean session, a user and a retained will", () => {
  const will = { topic: "w", payload: Uint8Array.of(1, 2) };
  const bytes = connect({ clientId: "c", username: "u", password: "p", keepaliveS: 20, will });
  expect(hex(bytes)).toBe(
    `101a0004${text("MQTT")}04ee00140001${text("c")}0001${text("w")}0002010200` + `01${text("u")}0001${text("p")}`,
  );
});

it("2.2.3 tells a length in groups of seven bits", () => {
  const bytes = publish(1, "t", new Uint8Array(321 - 5), false);
  expect(hex(bytes.slice(0, 3))).toBe("32c102");
});

it("3.8 subscribes with QoS 1", () => {
  expect(hex(subscribe(2, ["a", "bc"]))).toBe(`820b00020001${text("a")}010002${text("bc")}01`);
});

it("reads packets however they are cut", () => {
  const stream = Buffer.from(`20020000900400010101300500017478${"79"}40020007d000320700017400090102`, "hex");
  const whole = new PacketReader().take(new Uint8Array(stream));
  expect(whole.map((packet) => packet.type)).toEqual(["connack", "suback", "publish", "puback", "pong", "publish"]);
  for (let cut = 1; cut < stream.length; cut++) {
    const reader = new PacketReader();
    const parts = [stream.subarray(0, cut), stream.subarray(cut)].flatMap((part) => reader.take(new Uint8Array(part)));
    expect(parts).toEqual(whole);
  }
});

it("refuses what is no packet of a broker", () => {
  for (const bad of ["10020000", "300200ff", "ffffffffff", "34050001740001"]) {
    expect(() => new PacketReader().take(new Uint8Array(Buffer.from(bad, "hex")))).toThrow(PacketError);
  }
});

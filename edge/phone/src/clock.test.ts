import { beforeEach, expect, it } from "vitest";
import { Clock } from "./clock";

const NOW = 1.764e15;
const HOUR = 3600e6;
const MS = 1000;

/** Both clocks of a phone, and the server's. */
class World {
  serverUs = NOW;
  wallUs = NOW;
  steadyUs = 5e6;
  readonly jumps: number[] = [];
  steps = 0;
  readonly clock: Clock;

  constructor(offUs = 0) {
    this.wallUs += offUs;
    this.clock = new Clock({ wallUs: () => this.wallUs, steadyUs: () => this.steadyUs });
    this.clock.onJump = (byUs) => this.jumps.push(byUs);
    this.clock.onStep = () => this.steps++;
  }

  pass(us: number): void {
    this.serverUs += us;
    this.wallUs += us;
    this.steadyUs += us;
  }

  sleep(us: number): void {
    this.serverUs += us;
    this.wallUs += us;
  }

  /** A question that takes so long to the server, and so long back. */
  ask(thereUs: number, backUs: number): void {
    const leftUs = this.steadyUs;
    this.pass(thereUs);
    const { serverUs } = this;
    this.pass(backUs);
    this.clock.learn(serverUs, leftUs, this.steadyUs);
  }

  /** How far what is told is from the server's time. */
  get errorUs(): number {
    return Math.round(this.clock.nowUs() - this.serverUs);
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});

it.each([0, 300 * MS, -300 * MS])("leaves a phone alone that may be right: %d us off, a second each way", (offUs) => {
  world = new World(offUs);
  world.ask(1e6, 1e6);
  expect(world.clock.correctionUs).toBe(0);
  expect(world.clock.isEstimated).toBe(false);
  expect(world.jumps).toEqual([]);
});

it.each([-2 * HOUR, 2 * HOUR, -400 * MS, 400 * MS, 60 * MS, -30 * MS])(
  "sets a clock right that is wrong by %d us, to half a round trip",
  (offUs) => {
    world = new World(offUs);
    world.ask(30 * MS, 5 * MS);
    expect(Math.abs(world.errorUs)).toBeLessThan(17.5 * MS);
    expect(world.clock.isEstimated).toBe(false);
  },
);

it("says that it is an estimate where the round trip was long, until a better answer comes", () => {
  world = new World(-2 * HOUR);
  world.ask(10 * MS, 400 * MS);
  expect(world.clock.isEstimated).toBe(true);
  expect(Math.abs(world.errorUs)).toBeLessThan(205 * MS);
  world.ask(5 * MS, 5 * MS);
  expect(world.clock.isEstimated).toBe(false);
  expect(world.errorUs).toBe(0);
  world.ask(900 * MS, 10 * MS);
  expect(world.errorUs).toBe(0);
});

it("takes a slower answer once the better one is old", () => {
  world = new World(60e6);
  world.ask(5 * MS, 5 * MS);
  world.wallUs += 50 * MS; // it drifted
  world.pass(11 * 60e6);
  world.ask(40 * MS, 40 * MS);
  expect(world.errorUs).toBe(0);
});

it.each([2 * HOUR, -2 * HOUR, 30e6, -700 * MS])(
  "tells time on and on where a wrong clock is set right by %d us",
  (byUs) => {
    world = new World(-byUs);
    world.ask(5 * MS, 5 * MS);
    world.wallUs += byUs;
    expect(world.errorUs).toBe(0);
    expect(world.steps).toBe(1);
    world.ask(5 * MS, 5 * MS);
    expect(world.clock.correctionUs).toBe(0);
    expect(world.errorUs).toBe(0);
    expect(world.jumps.filter((jumpUs) => Math.abs(jumpUs) > 1)).toHaveLength(1); // the server's first word
  },
);

it("tells time on and on where a right clock is set back", () => {
  world.ask(5 * MS, 5 * MS);
  world.wallUs -= HOUR;
  expect(world.errorUs).toBe(0);
  expect(world.clock.isEstimated).toBe(false);
  world.ask(5 * MS, 5 * MS);
  expect(world.errorUs).toBe(0);
  expect(world.clock.correctionUs).toBe(HOUR);
});

it("follows a phone that slept, right or wrong, and is unsure until the server was asked", () => {
  for (const offUs of [0, -2 * HOUR]) {
    world = new World(offUs);
    world.ask(5 * MS, 5 * MS);
    world.sleep(HOUR);
    expect(world.errorUs).toBe(0);
    expect(world.clock.isEstimated).toBe(true);
    expect(world.steps).toBe(1);
    world.ask(5 * MS, 5 * MS);
    expect(world.clock.isEstimated).toBe(false);
  }
});

it("never tells a time before one that it told, but where it says so", () => {
  world = new World(200 * MS);
  const toldUs = world.clock.stampUs();
  world.ask(0, 0); // too fast: it waits
  expect(world.errorUs).toBe(0);
  expect(world.clock.stampUs()).toBe(toldUs);
  world.pass(300 * MS);
  expect(world.clock.stampUs()).toBe(toldUs + 100 * MS);
  expect(world.jumps).toEqual([-200 * MS]);
  // Set ahead while awake, it cannot be told from a sleep; the server's word takes it back, aloud.
  world.wallUs += HOUR;
  expect(world.errorUs).toBe(HOUR);
  world.ask(0, 0);
  expect(world.errorUs).toBe(0);
  expect(world.clock.stampUs()).toBe(world.serverUs);
  expect(world.jumps).toEqual([-200 * MS, -HOUR]);
});

it("follows the phone as long as no server has told the time", () => {
  world.wallUs -= HOUR;
  expect(world.errorUs).toBe(-HOUR);
  expect(world.jumps).toEqual([-HOUR]);
});

it("begins with what a page before knew, as an estimate", () => {
  world = new World(-2 * HOUR);
  world.clock.assume(2 * HOUR);
  expect(world.errorUs).toBe(0);
  expect(world.clock.isEstimated).toBe(true);
  world.ask(5 * MS, 5 * MS);
  expect(world.clock.isEstimated).toBe(false);
  expect(world.jumps).toEqual([]);
});

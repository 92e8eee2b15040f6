import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { createImageStores } from '../../src/adapters/images/index.ts';
import { bindMigrations } from '../../src/bindings/migrations.ts';
import { bindSnapshots } from '../../src/bindings/snapshots.ts';
import { bindVolumeSwap } from '../../src/bindings/volume-swap.ts';
import type { AnySlot } from '../../src/engine/slots.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { toFailure } from '../../src/ports/failure.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';
import { noLog } from '../../src/ports/log.ts';
import { Fixture, unending } from '../contract/fixture.ts';
import type { TwoHosts } from '../contract/fixture.ts';
import type { Death } from './dying-hypervisors.ts';
import { DyingHypervisors } from './dying-hypervisors.ts';
import type { Prepared } from './rerun-cases.ts';
import { rerunCases } from './rerun-cases.ts';

export interface RerunWorld {
  readonly hosts: TwoHosts;
  readonly clock: Clock;
  /** The same hosts as another process knows them: with nothing remembered. */
  readonly newProcess: () => Hypervisors;
  /** The process is gone. */
  readonly leave: (process: Hypervisors) => Promise<void>;
}

type SlotName = readonly [machine: string, slot: string];

/** The row of the table that is about it. */
export function rowOf([machine, slot]: SlotName): string {
  const ownRow = `${machine}.${slot}`;
  return ownRow in rerunCases ? ownRow : slot;
}

const bound = (hypervisors: Hypervisors) => [
  ...bindMigrations(hypervisors),
  ...bindSnapshots(hypervisors, createImageStores(hypervisors)),
  bindVolumeSwap(hypervisors),
];

/** How an effect ended; a lost one never does. */
type Ending = { readonly output: unknown } | { readonly failure: ReturnType<typeof toFailure> };

/** Nobody is asked for anything through these: only names and classes count. */
const nowhere: Hypervisors = {
  open: () => Promise.reject(new Error('no host')),
  linkMigration: () => Promise.reject(new Error('no host')),
  close: () => Promise.resolve(),
};

/** Every effect of that class, by machine and slot. */
export function slotsOfClass(recovery: string): SlotName[] {
  return bound(nowhere).flatMap(({ machine, slots }) =>
    Object.entries(slots)
      .filter(([, slot]) => slot.recovery === recovery)
      .map(([name]) => [machine.id, name] as const),
  );
}

function slotIn(hypervisors: Hypervisors, machineId: string, name: string): AnySlot {
  const found = bound(hypervisors).find(({ machine }) => machine.id === machineId);
  const slot = found?.slots[name];
  if (slot === undefined) throw new Error(`${machineId} has no slot ${name}`);
  return slot;
}

/** How many calls of an effect are interrupted: all of them, but of one that polls only the first. */
const callsMax = 6;
const nothing = (): void => undefined;

/** Effects on hosts, by processes that may die in their midst. */
class Rerunner {
  readonly #world: RerunWorld;
  readonly fixture: Fixture;

  constructor(world: RerunWorld) {
    this.#world = world;
    this.fixture = new Fixture(world.hosts);
  }

  get hosts(): TwoHosts {
    return this.#world.hosts;
  }

  /** Done by one process after the other, and what both hosts hold when all of it is over. */
  async after(name: SlotName, deaths: readonly (Death | null)[]) {
    const rerun = rerunCases[rowOf(name)];
    if (rerun === undefined) throw new Error(`nobody has shown that ${name[1]} may be done again`);
    const prepared = await rerun.prepare(this.fixture);
    let done: Awaited<ReturnType<Rerunner['perform']>> = { ending: null, calls: 0 };
    for (const [index, death] of deaths.entries())
      done = await this.perform(name, prepared, { death, resumed: index > 0 });
    await prepared.end?.();
    await Promise.allSettled([prepared.ended]);
    const seen = await this.#held(prepared);
    for (const path of prepared.paths ?? [])
      for (const host of [this.hosts.source, this.hosts.destination])
        await host.deleteVolume(path, unending);
    return { ...done, seen };
  }

  /** One process that does it; no ending: it died. */
  async perform(
    [machineId, slotName]: SlotName,
    { input }: Prepared,
    { death, resumed }: { readonly death: Death | null; readonly resumed: boolean },
  ): Promise<{ readonly ending: Ending | null; readonly calls: number }> {
    const own = this.#world.newProcess();
    const dying = new DyingHypervisors(death);
    const slot = slotIn(dying.through(own), machineId, slotName);
    const { clock } = this.#world;
    const tools = { signal: unending, clock, resumed, key: 'run-1/effect#1', log: noLog };
    const work = slot.run(input, { ...tools, report: nothing, send: nothing }).then(
      (output): Ending => ({ output }),
      (error: unknown): Ending => ({ failure: toFailure(error) }),
    );
    const ending = await Promise.race([work, dying.died]);
    // A process that is gone has no connections any more.
    await this.#world.leave(own);
    return { ending: ending === 'died' ? null : ending, calls: dying.calls };
  }

  async #held({ files = [], paths = [], uuid }: Prepared): Promise<object> {
    const of = async (host: TwoHosts['source']) => {
      const chains = await host.findChains(uuid, unending);
      const snapshots = await host.listSnapshots(uuid, unending);
      const claimed = snapshots.map(async ({ name }) =>
        (await host.snapshotXml(uuid, name, unending)).includes('run-1'),
      );
      const standing = files.map((path) => host.inspectImage(path, null, unending));
      const status = await host.findStatus(uuid, unending);
      const claims = await host.findClaims(uuid, unending);
      const volumes = await Promise.all(paths.map((path) => host.findVolume(path, unending)));
      return {
        status: status && { ...status, uuid: null, name: null },
        claims: claims.map(({ run }) => run),
        volumes: volumes.map((volume) => volume !== null),
        managedSave: (await host.findDomain(uuid, unending))?.managedSave ?? false,
        layers: chains.map((chain) => chain.layers.length),
        snapshots: snapshots.map(({ current, name }) => ({ current, name })),
        claimedSnapshots: await Promise.all(claimed),
        files: (await Promise.all(standing)).map((image) => image !== null),
      };
    };
    return { source: await of(this.hosts.source), destination: await of(this.hosts.destination) };
  }
}

/**
 * Each effect that is done again after a crash, interrupted by the death of its process before and
 * after each of its calls took effect, and done by another one then: the hosts hold in the end what
 * they hold after it was done once.
 */
export function rerunSuite(
  name: string,
  setup: () => Promise<RerunWorld>,
  options: {
    readonly slots: readonly SlotName[];
    readonly timeoutMs: number;
    /** Of the calls of an effect, those at which its process dies. */
    readonly deathsAt: (calls: number) => readonly number[];
  },
): void {
  const { deathsAt, slots, timeoutMs } = options;
  describe(`an effect that is done again: ${name}`, () => {
    let rerunner: Rerunner;
    beforeAll(async () => {
      rerunner = new Rerunner(await setup());
    }, timeoutMs);
    afterEach(() => rerunner.hosts.run(rerunner.fixture.clean()), timeoutMs);
    afterAll(() => rerunner.hosts.close(), timeoutMs);

    const prove = async (slot: SlotName): Promise<void> => {
      const once = await rerunner.after(slot, [null]);
      expect(once.ending).toHaveProperty('output');
      for (const atCall of deathsAt(Math.min(once.calls, callsMax)))
        for (const when of ['before', 'after'] as const) {
          const twice = await rerunner.after(slot, [{ atCall, when }, null]);
          const about = `${slot[1]}, ${when} call ${atCall}`;
          expect(twice.seen, about).toEqual(once.seen);
          if (twice.ending === null || !('failure' in twice.ending)) continue;
          expect(rerunCases[rowOf(slot)]?.mayBeRefused, about).toBe(true);
          expect(twice.ending.failure, about).toMatchObject({ effect: 'none' });
        }
    };

    test.each(slots)('%s: %s', { timeout: timeoutMs }, (machineId, slotName) =>
      rerunner.hosts.run(prove([machineId, slotName])),
    );
  });
}

import { afterAll, afterEach, beforeAll, expect } from 'vitest';

import type { Lab, LabGuest, WorldListing } from '../../lab/index.ts';
import { continuity, labUp, lastTick, readTicks, waitForTick } from '../../lab/index.ts';
import type {
  LiveMigrationInput,
  LiveMigrationOutput,
  MigrationCommand,
} from '../../machines/index.ts';
import { liveMigrationInput } from '../../machines/index.ts';
import { bindMigrations, Engine, systemClock } from '../../src/index.ts';
import type { Hypervisors, MigrationOptions } from '../../src/index.ts';
import { noLog } from '../../src/index.ts';
import type { StreamProgress } from '../../src/ports/observation.ts';
import { MemoryStore } from '../../src/store/memory/index.ts';
import type { EngineFeed, InvariantMonitor } from '../../src/testing/index.ts';
import { monitorInvariants, takePicture } from '../../src/testing/index.ts';
import type { FollowedRun } from './followed-run.ts';
import { followRun } from './followed-run.ts';
import { expectBroken, toTickRuns } from './invariants.ts';
import { plainOptions } from './migration-options.ts';
import { openLabHosts } from './lab-runs.ts';
import { labNameFor } from './needs.ts';

export interface LabMigrationRequest {
  readonly from: string;
  readonly to: string;
  readonly options?: Partial<MigrationOptions>;
  readonly input?: Partial<LiveMigrationInput>;
  /** Leads the run's dealings with the hosts through something of the test's. */
  readonly through?: (hypervisors: Hypervisors) => Hypervisors;
}

/** A migration under way on a lab. */
export interface LabMigration extends Omit<FollowedRun<LiveMigrationOutput>, 'send'> {
  /** Resolves when a stream has shown this. */
  progressed(shows: (stream: StreamProgress) => boolean): Promise<void>;
  /**
   * Lets a fault strike, once the daemons' own status files have shown that it hits the phase it
   * names; the file's manifest says what came of it.
   */
  strike(fault: string, phase: HeldPhase, act: () => unknown): Promise<void>;
  /** `false`: the chart does not allow it now. */
  send(command: MigrationCommand): boolean;
}

/** A phase as a daemon's status file names it. */
type HeldPhase = 'begin3' | 'prepare' | 'perform3' | 'perform3_done' | 'finish3';

/** A lab of its own for a test file, as new for each test, and connections to its hosts. */
export function useLab(purpose: string, hosts: 2 | 3 | 4 = 2) {
  let opened: { lab: Lab; hypervisors: Hypervisors } | null = null;
  const manifest: string[] = [];
  const current = () => {
    if (opened === null) throw new Error('the lab is not up yet');
    return opened;
  };
  beforeAll(async () => {
    const lab = await labUp({ name: labNameFor(purpose), hosts });
    opened = { lab, hypervisors: openLabHosts(lab) };
  });
  afterEach(() => current().lab.reset());
  afterAll(async () => {
    await opened?.hypervisors.close();
    await opened?.lab.down();
    if (manifest.length > 0)
      console.log(`machine x phase (source/destination) x fault x outcome\n${manifest.join('\n')}`);
  });
  return {
    get lab() {
      return current().lab;
    },
    migrate: (guest: LabGuest, request: LabMigrationRequest): LabMigration => {
      const { lab, hypervisors } = current();
      return startMigration({ lab, hypervisors, manifest }, guest, request);
    },
    /** The same under the invariant monitor, which sees what the ports show: every rule holds. */
    migrateMonitored: async (
      guest: LabGuest,
      request: LabMigrationRequest,
    ): Promise<LabMigration> => {
      const { lab, hypervisors } = current();
      const uris = [lab.host(request.from).uri, lab.host(request.to).uri];
      const places = { hypervisors, hosts: uris, clock: systemClock };
      const before = await takePicture(
        { ...places, domain: guest.uuid },
        AbortSignal.timeout(pictureTimeoutMs),
      );
      return startMigration({ lab, hypervisors, manifest }, guest, request, (events) =>
        monitorInvariants({
          ...places,
          before,
          events,
          ticks: async () => toTickRuns(await readTicks(guest.serial)),
        }),
      );
    },
  };
}

const pictureTimeoutMs = 20_000;

let runs = 0;

/** An engine of its own for each run, on warm connections that a test file shares. */
function startMigration(
  { lab, hypervisors, manifest }: { lab: Lab; hypervisors: Hypervisors; manifest: string[] },
  guest: LabGuest,
  request: LabMigrationRequest,
  watch?: (events: EngineFeed) => InvariantMonitor,
): LabMigration {
  const engine = new Engine({
    store: new MemoryStore(),
    clock: systemClock,
    log: noLog,
    machines: bindMigrations(request.through?.(hypervisors) ?? hypervisors),
    newRunId: () => `run-${(runs += 1)}`,
  });
  const monitor = watch?.(engine);
  const struck: string[] = [];
  const run = followRun<LiveMigrationOutput>(
    engine,
    'liveMigration',
    liveMigrationInput({
      domain: guest.name,
      source: lab.host(request.from).uri,
      destination: lab.host(request.to).uri,
      ...request.input,
      options: {
        ...plainOptions,
        destinationConnectUri: lab.host(request.to).tcp,
        ...request.options,
      },
    }),
  );
  return {
    ...run,
    progressed: async (shows) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      engine.on('progress', ({ streams }) => {
        if (streams.some(shows)) resolve();
      });
      const ended = await Promise.race([promise, run.end()]);
      if (ended !== undefined) throw new Error(`it never showed: ${JSON.stringify(ended)}`);
    },
    strike: async (fault, phase, act) => {
      const peers = [lab.host(request.from), lab.host(request.to)];
      const truths = await Promise.all(peers.map((host) => host.migrationTruth(guest.name)));
      const held = truths.map((truth) => truth?.phase ?? 'none');
      expect(held, `${fault} strikes in ${phase}`).toContain(phase);
      // The destination's file says `prepare` until Finish: the source's shows when that is over.
      if (phase === 'prepare') expect(held[0], `${fault} strikes in ${phase}`).toBe('begin3');
      struck.push(`${held.join('/')} x ${fault}`);
      await act();
    },
    end: async () => {
      const output = await run.end();
      for (const each of struck) manifest.push(`liveMigration x ${each} x ${output.outcome}`);
      const report = await monitor?.settle();
      if (report !== undefined) {
        expectBroken(report, []);
        expect(report.unseen).toEqual([]);
      }
      return output;
    },
  };
}

/** What a listing says of the guest on one host: `null` when that host knows nothing of it. */
function heldBy(listing: WorldListing, hostName: string, guestName: string) {
  const host = listing.hosts.find(({ name }) => name === hostName);
  return host?.domains?.find(({ name }) => name === guestName) ?? null;
}

/** The guest's own count went on without a gap, a repetition or a second writer, and goes on. */
export async function expectTicksContinuous(guest: LabGuest): Promise<void> {
  const last = (await lastTick(guest.serial)) ?? 0;
  await waitForTick(guest.serial, last + 2, { timeoutMs: 20_000 });
  const seen = continuity(await readTicks(guest.serial));
  expect(seen).toMatchObject({ continuous: true, twoWriters: false });
}

/** Both hosts hold exactly what they held before: nothing lost, nothing leaked. */
export async function expectAsBefore(lab: Lab, before: WorldListing): Promise<void> {
  const after = await lab.listing();
  expect(withoutReasons(after)).toEqual(withoutReasons(before));
}

/** Why a domain runs differs after a rollback (`migration canceled`); that it runs does not. */
function withoutReasons(listing: WorldListing) {
  return {
    ...listing,
    hosts: listing.hosts.map((host) => ({
      ...host,
      domains: host.domains?.map((domain) => ({ ...domain, reason: null })) ?? null,
    })),
  };
}

/** The guest runs on the one host, persistent, without a job, and the other knows nothing of it. */
export async function expectMoved(
  lab: Lab,
  guest: LabGuest,
  { from, to }: { from: string; to: string },
): Promise<void> {
  const listing = await lab.listing();
  expect(heldBy(listing, from, guest.name)).toBeNull();
  expect(heldBy(listing, to, guest.name)).toMatchObject({
    state: 'running',
    persistent: true,
    job: null,
    blockJobs: [],
    exports: [],
  });
  expect(listing.hosts.flatMap(({ qemuProcesses }) => qemuProcesses)).toEqual([guest.name]);
}

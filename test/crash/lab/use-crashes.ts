import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, vi } from 'vitest';

import type { LabGuest, LabHost } from '../../../lab/index.ts';
import type { LiveMigrationInput, LiveMigrationOutput } from '../../../machines/index.ts';
import { liveMigrationInput } from '../../../machines/index.ts';
import type { MigrationOptions } from '../../../src/index.ts';
import { useLab } from '../../support/lab-migration.ts';
import { plainOptions } from '../../support/migration-options.ts';
import { phasesOn } from '../../support/shut-off.ts';
import { storeRemains } from '../store-remains.ts';
import type { Hold } from './holding.ts';
import { LabEngine } from './lab-engine.ts';

/** Phases in the status files of source and destination. */
export type Phases = readonly [source: string, destination: string];

export interface Kill {
  /** The chart that does the work. */
  readonly machine: string;
  readonly point: string;
  readonly guest: LabGuest;
  readonly input?: Partial<LiveMigrationInput>;
  readonly options?: Partial<MigrationOptions>;
  readonly hold?: Hold;
  /** Resolves when the process is to be killed. */
  readonly reach: (engine: LabEngine) => Promise<void>;
  /** What the daemons show then by their own files. */
  readonly phases: Phases;
  /** Where that is read: of a guest that is shut off only their logs tell, and then what came last. */
  readonly proof?: 'status' | 'log';
  /** Done when the process is dead, before another one recovers. */
  readonly release?: () => Promise<void>;
}

export interface Recovered {
  readonly output: LiveMigrationOutput | null;
  readonly recoverS: number;
}

/** So that a copy lasts until it is struck, and no longer than that. */
export const slow = '100mbit';
export const fast = '10gbit';

let stores = 0;

/** Claims in the definitions of the guest, as it runs and as it is kept. */
async function claimsOn(host: LabHost): Promise<string[]> {
  const names = (await host.virsh(['list', '--all', '--name'])).split('\n').filter(Boolean);
  const definitions = await Promise.all(
    names.flatMap((name) =>
      [[], ['--inactive']].map((how) => host.virsh(['dumpxml', name, ...how])),
    ),
  );
  return definitions.flatMap((xml) => xml.match(/urn:virtstate:claim\/[^'"]*/g) ?? []);
}

/** A lab on which our own process is killed and another one goes on; the manifest is printed at the end. */
export function useCrashes(purpose: string) {
  const stage = useLab(purpose);
  const manifest: string[] = [];
  const engines: LabEngine[] = [];
  const storePaths: string[] = [];
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.kill();
    for (const path of storePaths.splice(0)) await rm(path, { recursive: true, force: true });
  });
  afterAll(() => console.log(`machine x phase x fault x outcome\n${manifest.join('\n')}`));

  const hosts = (): readonly [LabHost, LabHost] => [
    stage.lab.host('hostA'),
    stage.lab.host('hostB'),
  ];
  const phasesHeld = async (): Promise<string[]> => {
    const truths = await Promise.all(hosts().map((host) => host.migrationTruth('guest')));
    return truths.map((truth) => truth?.phase ?? 'none');
  };
  const phasesLogged = async (): Promise<string[]> => {
    const logs = await Promise.all(hosts().map(phasesOn));
    return logs.map((phases) => phases.at(-1) ?? 'none');
  };
  const live = (order: ConstructorParameters<typeof LabEngine>[0]): LabEngine => {
    const engine = new LabEngine(order);
    engines.push(engine);
    return engine;
  };

  return {
    stage,
    phasesHeld,
    /** Resolves as soon as the daemons' files show these phases. */
    untilPhases: async (phases: Phases): Promise<void> => {
      const isThere = async (): Promise<boolean> => (await phasesHeld()).join() === phases.join();
      await vi.waitUntil(isThere, { timeout: 60_000, interval: 1 });
    },
    /** SIGKILL of our process there, and another process that goes on to the end. */
    kill: async (kill: Kill): Promise<Recovered> => {
      stores += 1;
      const directory = join(tmpdir(), `virtstate-crash-${process.pid}-${stores}`);
      storePaths.push(directory);
      const storePath = join(directory, 'store');
      const [source, destination] = hosts();
      const start = liveMigrationInput({
        domain: kill.guest.name,
        source: source.uri,
        destination: destination.uri,
        ...kill.input,
        options: { ...plainOptions, destinationConnectUri: destination.tcp, ...kill.options },
      });
      const victim = live({ storePath, start, hold: kill.hold ?? null });
      await kill.reach(victim);
      const read = kill.proof === 'log' ? phasesLogged : phasesHeld;
      expect(await read(), 'struck in').toEqual(kill.phases);
      await victim.kill();
      await kill.release?.();
      const sinceMs = performance.now();
      const output = await live({ storePath, start: null, hold: null }).end();
      const recoverS = (performance.now() - sinceMs) / 1_000;
      expect(storeRemains(storePath), 'what the store still holds').toEqual([]);
      for (const host of hosts()) expect(await claimsOn(host), 'claims').toEqual([]);
      const outcome = output?.outcome ?? 'notBegun';
      manifest.push(
        `${kill.machine} x ${kill.point} (${kill.phases.join('/')}) x SIGKILL of our process x ${outcome} in ${recoverS.toFixed(1)} s`,
      );
      return { output, recoverS };
    },
  };
}

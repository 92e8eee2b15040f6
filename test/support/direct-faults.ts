import { afterAll, expect, vi } from 'vitest';

import type { LabGuest, LabHost } from '../../lab/index.ts';
import type { Moment, MomentName } from './direct-moments.ts';
import { moments } from './direct-moments.ts';
import { HeldLink } from './held-link.ts';
import type { LabMigration } from './lab-migration.ts';
import { expectAsBefore, expectMoved, expectTicksContinuous, useLab } from './lab-migration.ts';

type Outcome = 'completed' | 'rolledBack';

/** A migration stopped at its moment, for a fault to strike. */
interface Scene {
  readonly moment: Moment;
  readonly link: HeldLink;
  readonly source: LabHost;
  readonly destination: LabHost;
  readonly migration: LabMigration;
}

/** Resolves when the migration is in one of the states, or has ended. */
async function reachedOrEnded(migration: LabMigration, suffixes: readonly string[]): Promise<void> {
  const entered = suffixes.map((suffix) => Promise.allSettled([migration.entered(suffix)]));
  await Promise.race([migration.end(), ...entered]);
}

/** Resolves when the migration waits for a host, or has ended. */
const waitsOrEnded = ({ migration }: Scene): Promise<void> =>
  reachedOrEnded(migration, ['uncertain.waiting', 'cleaningUp.waiting', 'concluding.waiting']);

/** Lets the migration go on as far as it can; whatever was lost ends with its connection. */
async function goOn(scene: Scene): Promise<void> {
  scene.link.letGo();
  if (scene.moment.loses !== undefined) scene.link.cutHeld();
  await waitsOrEnded(scene);
}

const phasesHeld = (hosts: readonly LabHost[]): Promise<string[]> =>
  Promise.all(hosts.map(async (host) => (await host.migrationTruth('guest'))?.phase ?? 'none'));

async function kill(host: LabHost, scene: Scene): Promise<void> {
  await host.kill();
  await goOn(scene);
  await host.start();
}

/** Strikes, and stays until the fault is over. */
const strikes = {
  'an abort by the user': async (scene) => {
    const isTaken = scene.migration.abort();
    expect(isTaken, 'abort').toBe(
      scene.moment.entered[0] !== 'perform3_done' && scene.moment.entered[0] !== 'confirm3',
    );
    await goOn(scene);
  },
  'SIGKILL of the source': (scene) => kill(scene.source, scene),
  'SIGKILL of the destination': (scene) => kill(scene.destination, scene),
  /** While QEMU copies, nobody notices until somebody asks; a mirror is drained before it is dropped. */
  'a cable cut': async (scene) => {
    await scene.source.setLink('down');
    if (scene.moment.copying !== undefined) {
      scene.migration.abort();
      await reachedOrEnded(scene.migration, ['measures.abortSent']);
      if (scene.moment.storage === 'private') await scene.source.setLink('up');
    }
    await goOn(scene);
    await scene.migration.end();
    await scene.source.setLink('up');
  },
  'the loss of our connection to the source': async (scene) => {
    scene.link.cut('source');
    await goOn(scene);
  },
  'the loss of our connection to the destination': async (scene) => {
    scene.link.cut('destination');
    await goOn(scene);
  },
  'the death of our process': async (scene) => {
    const hosts = [scene.source, scene.destination];
    scene.link.die();
    await vi.waitUntil(
      async () => (await phasesHeld(hosts)).every((phase) => phase === 'none'),
      60_000,
    );
    const left = await Promise.all(hosts.map((host) => host.listing()));
    const states = left.map(({ domains }) => domains?.[0]?.state ?? null);
    expect(states, 'what the daemons leave').toEqual(scene.moment.afterDeath);
    scene.link.rise();
  },
  /** Both ends find it out by themselves, half a minute later. */
  'the silence of our connection to the source': async (scene) => {
    scene.link.silence('source');
    scene.link.letGo();
    await waitsOrEnded(scene);
  },
  'the silence of our connection to the destination': async (scene) => {
    scene.link.silence('destination');
    scene.link.letGo();
    await waitsOrEnded(scene);
  },
} as const satisfies Readonly<Record<string, (scene: Scene) => Promise<void>>>;

export type FaultName = keyof typeof strikes;
export const faults = Object.keys(strikes) as FaultName[];

/** After these the destination hears no Finish of ours, and lets no guest run. */
const withoutFinish: readonly FaultName[] = [
  'SIGKILL of the destination',
  'the loss of our connection to the destination',
  'the silence of our connection to the destination',
  'the death of our process',
];

/** Where the destination was told to let it run, the guest is there; else it stays where it was. */
function outcomeOf({ held, entered, hold, loses }: Moment, fault: FaultName): Outcome {
  if (entered[1] === 'finish3') return 'completed';
  const isFinishNext = held[0] === 'perform3_done' && hold === 'finish' && loses === undefined;
  return isFinishNext && !withoutFinish.includes(fault) ? 'completed' : 'rolledBack';
}

/**
 * The phases that the daemons' own logs have, in their order. How they undo them is not told: the
 * end of a job is CONFIRM3_CANCELLED to them, whoever ended it.
 */
async function phasesLogged(hosts: readonly LabHost[]): Promise<string[]> {
  const logs = await Promise.all(hosts.map((host) => host.migrationLog()));
  return (
    logs
      .flat()
      .toSorted((a, b) => a.atEpochMs - b.atEpochMs)
      .flatMap((entry) => (entry.kind === 'phase' ? [entry.phase.toUpperCase()] : []))
      .filter((phase) => phase !== 'CONFIRM3_CANCELLED')
      // A daemon sets CONFIRM3 twice where a client calls it.
      .filter((phase, at, all) => phase !== all[at - 1])
  );
}

/** A lab on which faults strike migrations that we drive; its manifest is printed at the end. */
export function useDirectFaults(purpose: string) {
  const stage = useLab(purpose);
  const there = { from: 'hostA', to: 'hostB' };
  const manifest: string[] = [];
  afterAll(() =>
    console.log(`machine x moment (source/destination) x fault x outcome\n${manifest.join('\n')}`),
  );

  /** Brings a migration to its moment, and proves by both daemons that it is this one. */
  const reach = async (moment: Moment, guest: LabGuest, link: HeldLink): Promise<Scene> => {
    const [source, destination] = [stage.lab.host('hostA'), stage.lab.host('hostB')];
    const copyStorage = moment.storage === 'private' ? 'all' : 'none';
    const migration = stage.migrate(guest, {
      ...there,
      input: { protocol: 'direct' },
      options: { destinationConnectUri: null, copyStorage },
      through: link.through,
    });
    if (moment.copying === undefined)
      await Promise.race([link.held, migration.entered('concluding.verifying')]);
    else {
      const { state, sends } = moment.copying;
      await migration.entered(state);
      const something = new RegExp(`${sends} processed: +[1-9]`);
      const job = ['domjobinfo', guest.name];
      await vi.waitUntil(async () => something.test(await source.virsh(job)), 20_000);
    }
    if (moment.loses !== undefined) {
      const lost = link.lose(moment.loses);
      link.letGo();
      await lost;
    }
    const hosts = [source, destination];
    await vi.waitUntil(async () => (await phasesHeld(hosts)).join() === moment.held.join(), 20_000);
    const logs = await Promise.all(hosts.map((host) => phasesLogged([host])));
    expect(logs.map((phases) => phases.at(-1)?.toLowerCase() ?? 'none')).toEqual(moment.entered);
    return { moment, link, source, destination, migration };
  };

  return {
    stage,
    strike: async (name: MomentName, fault: FaultName): Promise<void> => {
      const moment: Moment = moments[name];
      const { storage } = moment;
      const slow = moment.copying !== undefined;
      const guest = await stage.lab.guest('guest', {
        on: 'hostA',
        storage,
        ...(slow && { fill: '48M' }),
      });
      if (slow) await stage.lab.host('hostA').setRate('100mbit');
      const before = await stage.lab.listing();
      const link = new HeldLink(moment.hold);
      try {
        const scene = await reach(moment, guest, link);
        await strikes[fault](scene);
        const output = await scene.migration.end();
        manifest.push(
          `directMigration x ${name} (${moment.held.join('/')}) x ${fault} x ${output.outcome}`,
        );
        expect(output.outcome).toBe(outcomeOf(moment, fault));
        const reported = output.phases.map(({ phase }) => phase);
        const logged = await phasesLogged([scene.source, scene.destination]);
        expect(
          reported.filter((phase) => phase !== 'CONFIRM3_CANCELLED'),
          "the daemons' own phases",
          // A cancelled Finish is FINISH3 to the destination, too; no guest ever ran there.
        ).toEqual(logged.filter((phase) => phase !== 'FINISH3' || output.outcome === 'completed'));
        if (output.outcome === 'completed') {
          expect(output.failure).toBeNull();
          await expectMoved(stage.lab, guest, there);
        } else {
          expect(output.failure).toMatchObject({ effect: 'none' });
          await expectAsBefore(stage.lab, before);
        }
        await expectTicksContinuous(guest);
      } finally {
        await link.close();
      }
    },
  };
}

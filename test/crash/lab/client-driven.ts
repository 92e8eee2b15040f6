import { expect } from 'vitest';

import { expectAsBefore, expectMoved, expectTicksContinuous } from '../../support/lab-migration.ts';
import { checksum, withDisks } from '../../support/shut-off.ts';
import type { Hold } from './holding.ts';
import type { Phases, useCrashes } from './use-crashes.ts';
import { fast, slow } from './use-crashes.ts';

type Crashes = ReturnType<typeof useCrashes>;
type Outcome = 'completed' | 'rolledBack';

/** Where our process is killed, what the daemons' own files show there, and what is to come of it. */
export interface ClientPoint {
  /** `null`: while it copies. */
  readonly hold: Hold | null;
  readonly phases: Phases;
  readonly outcome: Outcome;
}

const before = (call: string): Hold => ({ call, when: 'before' });
const after = (call: string): Hold => ({ call, when: 'after' });

/** The guest goes over with Finish: whatever comes before it is taken back. */
export const directPoints: readonly ClientPoint[] = [
  { hold: before('begin'), phases: ['none', 'none'], outcome: 'rolledBack' },
  { hold: after('begin'), phases: ['begin3', 'none'], outcome: 'rolledBack' },
  { hold: before('prepare'), phases: ['begin3', 'none'], outcome: 'rolledBack' },
  { hold: after('prepare'), phases: ['begin3', 'prepare'], outcome: 'rolledBack' },
  { hold: before('perform'), phases: ['begin3', 'prepare'], outcome: 'rolledBack' },
  { hold: null, phases: ['perform3', 'prepare'], outcome: 'rolledBack' },
  { hold: after('perform'), phases: ['perform3_done', 'prepare'], outcome: 'rolledBack' },
  { hold: before('finish'), phases: ['perform3_done', 'prepare'], outcome: 'rolledBack' },
  { hold: after('finish'), phases: ['perform3_done', 'none'], outcome: 'completed' },
  { hold: before('confirm'), phases: ['perform3_done', 'none'], outcome: 'completed' },
  { hold: after('confirm'), phases: ['none', 'none'], outcome: 'completed' },
];

/** By the last phases in the daemons' logs. */
export const offlinePoints: readonly ClientPoint[] = [
  { hold: after('createVolume'), phases: ['none', 'none'], outcome: 'rolledBack' },
  { hold: before('writeVolume'), phases: ['none', 'none'], outcome: 'rolledBack' },
  { hold: after('writeVolume'), phases: ['none', 'none'], outcome: 'rolledBack' },
  { hold: before('begin'), phases: ['none', 'none'], outcome: 'rolledBack' },
  { hold: after('begin'), phases: ['begin3', 'none'], outcome: 'rolledBack' },
  { hold: after('prepare'), phases: ['begin3', 'prepare'], outcome: 'rolledBack' },
  { hold: before('finish'), phases: ['begin3', 'prepare'], outcome: 'rolledBack' },
  { hold: after('finish'), phases: ['begin3', 'finish3'], outcome: 'completed' },
  { hold: before('confirm'), phases: ['begin3', 'finish3'], outcome: 'completed' },
  { hold: after('confirm'), phases: ['confirm3', 'finish3'], outcome: 'completed' },
];

export const nameOf = ({ hold }: ClientPoint): string =>
  hold === null ? 'while it copies' : `${hold.when} ${hold.call}`;

/** A running guest that we move phase by phase. */
export async function killDirect(crashes: Crashes, point: ClientPoint): Promise<void> {
  const { stage } = crashes;
  const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
  const source = stage.lab.host('hostA');
  if (point.hold === null) await source.setRate(slow);
  const listing = await stage.lab.listing();
  const { output } = await crashes.kill({
    machine: 'direct-migration',
    point: nameOf(point),
    guest,
    input: { protocol: 'direct' },
    options: { destinationConnectUri: null },
    phases: point.phases,
    ...(point.hold !== null && { hold: point.hold }),
    reach: (engine) =>
      point.hold === null ? engine.entered('perform3.precopying') : engine.held(),
    release: () => source.setRate(fast),
  });
  expect(output?.outcome).toBe(point.outcome);
  if (point.outcome === 'completed')
    await expectMoved(stage.lab, guest, { from: 'hostA', to: 'hostB' });
  else await expectAsBefore(stage.lab, listing);
  await expectTicksContinuous(guest);
}

/** A domain that is shut off, with its disk. */
export async function killOffline(crashes: Crashes, point: ClientPoint): Promise<void> {
  const { lab } = crashes.stage;
  const guest = await lab.guest('guest', { on: 'hostA', fill: '16M', state: 'shutOff' });
  const listing = await lab.listing();
  const { output } = await crashes.kill({
    machine: 'offline-migration',
    point: nameOf(point),
    guest,
    ...withDisks,
    phases: point.phases,
    proof: 'log',
    ...(point.hold !== null && { hold: point.hold }),
    reach: (engine) => engine.held(),
  });
  expect(output?.outcome).toBe(point.outcome);
  if (point.outcome === 'rolledBack') {
    await expectAsBefore(lab, listing);
    return;
  }
  const [listedOnA, listedOnB] = (await lab.listing()).hosts;
  expect(listedOnA).toMatchObject({ domains: [], imageFiles: ['guest.qcow2'] });
  expect(listedOnB).toMatchObject({
    domains: [{ name: 'guest', state: 'shut off', persistent: true, job: null }],
    imageFiles: ['guest.qcow2'],
  });
  const sums = ['hostA', 'hostB'].map((host) => checksum(lab, host, 'guest.qcow2'));
  const [there, here] = await Promise.all(sums);
  expect(here).toBe(there);
}

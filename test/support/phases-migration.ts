import { expect } from 'vitest';

import type { GuestOptions, MigrationLogEntry, QemuEvent } from '../../lab/index.ts';
import type { LiveMigrationOutput } from '../../machines/index.ts';
import type { PhaseRecord } from '../../machines/policy/migration/phases.ts';
import type { StateEntered } from '../../src/index.ts';
import type { LabMigration, LabMigrationRequest, useLab } from './lab-migration.ts';
import { expectInTime, tellWithinMs } from './in-time.ts';

/** A state, and the event of a host's QEMU that brings it about. */
export type Told = readonly [state: string, host: string, event: string, status?: string];

/** A phase as a daemon entered it. */
interface Entered {
  readonly phase: string;
  readonly atEpochMs: number;
}

/** What both daemons and both QEMUs say of one migration. */
export interface MigrationTruths {
  readonly phases: readonly Entered[];
  readonly qemu: readonly QemuEvent[];
}

/** Of a migration that completes. */
export const everyPhase = ['BEGIN3', 'PREPARE', 'PERFORM3', 'PERFORM3_DONE', 'FINISH3', 'CONFIRM3'];
const libvirtPhases = [...everyPhase, 'CONFIRM3_CANCELLED'];

/** From both daemons' own logs, in the order of their clocks. */
function phasesIn(log: readonly MigrationLogEntry[]): Entered[] {
  const entered = log.flatMap((entry) =>
    entry.kind === 'phase'
      ? [{ phase: entry.phase.toUpperCase(), atEpochMs: entry.atEpochMs }]
      : [],
  );
  const sorted = entered
    .filter(({ phase }) => libvirtPhases.includes(phase))
    .toSorted((a, b) => a.atEpochMs - b.atEpochMs);
  // A daemon sets CONFIRM3 twice where a client calls it.
  return sorted.filter(({ phase }, at) => phase !== sorted[at - 1]?.phase);
}

export interface ToldMigration {
  readonly output: LiveMigrationOutput;
  readonly states: readonly StateEntered[];
  readonly truths: MigrationTruths;
}

/** A migration from hostA to hostB of a guest whose QEMUs tell what they do. */
export async function tellMigration(
  { lab, migrate }: ReturnType<typeof useLab>,
  guestOptions: Partial<GuestOptions>,
  request: Partial<LabMigrationRequest>,
  meanwhile: (migration: LabMigration) => Promise<unknown> = () => Promise.resolve(),
): Promise<ToldMigration> {
  const witnesses = await Promise.all(lab.hosts.map((host) => host.witnessQemu()));
  try {
    const made = { on: 'hostA', events: 'witnessed', ...guestOptions } as const;
    const guest = await lab.guest('guest', made);
    const begunAtEpochMs = Date.now();
    const migration = migrate(guest, { from: 'hostA', to: 'hostB', ...request });
    await meanwhile(migration);
    const output = await migration.end();
    const logs = await Promise.all(lab.hosts.map((host) => host.migrationLog()));
    const isOfIt = ({ atEpochMs }: { readonly atEpochMs: number }) => atEpochMs >= begunAtEpochMs;
    const qemu = witnesses.flatMap(({ events }) => events).filter(isOfIt);
    const truths = { phases: phasesIn(logs.flat().filter(isOfIt)), qemu };
    return { output, states: migration.states, truths };
  } finally {
    await Promise.all(witnesses.map((witness) => witness.close()));
  }
}

/** When a host's QEMU first said it. */
export function saidAt(
  { qemu }: MigrationTruths,
  host: string,
  event: string,
  status?: string,
): number {
  const said = qemu.find(
    (each) =>
      each.host === host &&
      each.event === event &&
      (status === undefined || each.data['status'] === status),
  );
  return said?.atEpochMs ?? Infinity;
}

/** No state is entered before its event, or much later; and their order is that of the events. */
export function expectTold(
  states: readonly StateEntered[],
  truths: MigrationTruths,
  told: readonly Told[],
): void {
  const places = told.map(([suffix]) => states.findIndex(({ state }) => state.endsWith(suffix)));
  expect(places, 'in the order of the events').toEqual(places.toSorted((a, b) => a - b));
  for (const [at, [suffix, ...event]] of told.entries()) {
    const lateMs = (states[places[at] ?? -1]?.atEpochMs ?? Infinity) - saidAt(truths, ...event);
    // Ours has no fractions of a millisecond.
    expect(lateMs, `${suffix}, in ms`).toBeGreaterThan(-1);
    expectInTime(suffix, lateMs);
  }
}

/** The daemons entered each phase that is reported, in that order; ours when we called. */
export function expectEntered(records: readonly PhaseRecord[], { phases }: MigrationTruths): void {
  const names = records.map(({ phase }) => phase);
  const theirs = phases.filter(({ phase }) => names.some((name) => name === phase));
  expect(names).toEqual(theirs.map(({ phase }) => phase));
  for (const [at, { atEpochMs, evidence, phase }] of records.entries()) {
    const lateMs = atEpochMs - (theirs[at]?.atEpochMs ?? 0);
    // The job that shows BEGIN3 begins just before it.
    expect(lateMs, `${phase}, in ms`).toBeGreaterThan(-tellWithinMs);
    // A read shows BEGIN3 and PREPARE a little later, and FINISH3 shows when the guest runs.
    const isDated = phase === 'PERFORM3' || phase === 'PERFORM3_DONE' || evidence === 'ours';
    if (isDated) expectInTime(phase, lateMs);
  }
}

/** How long the result says that the guest stood is how long it stood, by the QEMUs on both hosts. */
export function expectDowntime(downtimeMs: number | null, truths: MigrationTruths): void {
  const stoodMs = saidAt(truths, 'hostB', 'RESUME') - saidAt(truths, 'hostA', 'STOP');
  expectInTime('downtime', Math.abs((downtimeMs ?? Infinity) - stoodMs));
}

/** The events that the states of every migration follow, each named as where it is. */
export const tells = {
  mirroring: ['perform3.mirroring', 'hostA', 'JOB_STATUS_CHANGE', 'created'],
  precopying: ['perform3.precopying', 'hostA', 'MIGRATION', 'setup'],
  switchingOver: ['perform3.switchingOver', 'hostA', 'MIGRATION', 'pre-switchover'],
  sent: ['phases.perform3Done', 'hostA', 'MIGRATION', 'completed'],
  sentInPostcopy: ['phases.perform3Done', 'hostA', 'MIGRATION', 'postcopy-active'],
  postcopyActive: ['postcopy.postcopyActive', 'hostA', 'MIGRATION', 'postcopy-active'],
  arrived: {
    peer2peer: ['phases.finish3', 'hostB', 'RESUME'],
    direct: ['finish3.running', 'hostB', 'RESUME'],
  },
} as const satisfies Readonly<Record<string, Told | Readonly<Record<string, Told>>>>;

import { expect } from 'vitest';

import type { JobLogEntry, QemuEvent } from '../../lab/index.ts';
import type { StateEntered } from '../../src/index.ts';
import { expectInTime } from './in-time.ts';

/** Something that happened, by whoever says so. */
interface Moment {
  /** For example `chart saving.writing`, `qemu STOP`, `daemon save begins`. */
  readonly what: string;
  readonly atEpochMs: number;
}

/** What a chart has reported of a run, and what QEMU and the daemon say themselves. */
export interface Story {
  readonly chart: readonly StateEntered[];
  readonly truth: readonly Moment[];
}

/** A row of the story as it has to be: a moment, or a state that the moment before it brings about. */
export type Row = string | { readonly told: string };

/**
 * A job's beginning is nobody else's news, and of its readiness QEMU speaks here first: libvirt, and
 * whoever listens to it, may have acted on this before QEMU gets to its BLOCK_JOB_READY.
 */
const ofJob: readonly unknown[] = ['created', 'ready'];

function qemuMoment({ atEpochMs, data, event }: QemuEvent): Moment[] {
  const { device, id, status } = data;
  switch (event) {
    case 'STOP':
    case 'RESUME':
    case 'SHUTDOWN':
      return [{ what: `qemu ${event}`, atEpochMs }];
    case 'DEVICE_DELETED':
      // Its parts go before it, without a name.
      return device === undefined ? [] : [{ what: `qemu ${event}`, atEpochMs }];
    case 'MIGRATION':
      return [{ what: `qemu MIGRATION ${String(status)}`, atEpochMs }];
    case 'JOB_STATUS_CHANGE': {
      const isOfDisk = /^(copy|commit|pull)-/.test(String(id));
      return isOfDisk && ofJob.includes(status)
        ? [{ what: `qemu job ${String(status)}`, atEpochMs }]
        : [];
    }
    case 'BLOCK_JOB_READY':
      return [];
    default:
      return event.startsWith('BLOCK_JOB_') ? [{ what: `qemu ${event}`, atEpochMs }] : [];
  }
}

/** A mirror that is drained for a while is ready once more, which is no news. */
function isReadyAgain({ data, event }: QemuEvent, at: number, all: readonly QemuEvent[]): boolean {
  if (event !== 'JOB_STATUS_CHANGE' || data.status !== 'ready') return false;
  const before = all.slice(0, at).findLast((other) => other.data.id === data.id);
  return before?.data.status === 'standby';
}

function daemonMoment(entry: JobLogEntry): Moment[] {
  const { atEpochMs, kind } = entry;
  if (kind !== 'agent') return [{ what: `daemon ${entry.job} ${kind}`, atEpochMs }];
  const [, verb] = /^guest-fsfreeze-(freeze|thaw)$/.exec(entry.command) ?? [];
  return verb === undefined ? [] : [{ what: `daemon ${verb}`, atEpochMs }];
}

/** What QEMU and the daemon say, from a moment on. */
export function truthOf(
  sinceEpochMs: number,
  qemu: readonly QemuEvent[],
  daemon: readonly JobLogEntry[],
): Moment[] {
  const said = qemu
    .filter((event, at, all) => !isReadyAgain(event, at, all))
    .flatMap(qemuMoment)
    // Whoever is asked again to cancel says again that it does.
    .filter(({ what }, at, all) => !what.endsWith('cancelling') || what !== all[at - 1]?.what);
  return [...said, ...daemon.flatMap(daemonMoment)].filter(
    ({ atEpochMs }) => atEpochMs >= sinceEpochMs,
  );
}

const whatOf = (row: Row): string => (typeof row === 'string' ? row : row.told);
const isState = (what: string): boolean => what.startsWith('chart ');

/**
 * The rows are everything that QEMU and the daemon tell, in their order, and between them the states
 * that they name, each time that those were entered. What is told is so in time.
 */
export function expectStory({ chart, truth }: Story, rows: readonly Row[]): void {
  const wanted = rows.map(whatOf);
  const named = [...new Set(wanted.filter(isState))];
  const states = chart.flatMap(({ atEpochMs, state }) => {
    const what = named.find((name) => state.endsWith(name.slice('chart '.length)));
    return what === undefined ? [] : [{ what, atEpochMs }];
  });
  // Only QEMU's clock shows more than milliseconds: within one, whichever order is right is taken.
  const all = [...states, ...truth].map(({ atEpochMs, what }) => ({
    what,
    atEpochMs: Math.floor(atEpochMs),
  }));
  const sorted = all.toSorted(
    (a, b) => a.atEpochMs - b.atEpochMs || wanted.indexOf(a.what) - wanted.indexOf(b.what),
  );
  expect(sorted.map(({ what }) => what)).toEqual(wanted);
  for (const [at, row] of rows.entries()) {
    if (typeof row === 'string') continue;
    const lateMs = (sorted[at]?.atEpochMs ?? Infinity) - (sorted[at - 1]?.atEpochMs ?? 0);
    expectInTime(row.told, lateMs);
  }
}

/** States, or parts of their names, that must not be among those entered. */
export function expectNever({ chart }: Story, parts: readonly string[]): void {
  const entered = chart.map(({ state }) => state);
  for (const part of parts)
    expect(
      entered.filter((state) => `.${state}.`.includes(`.${part}.`)),
      part,
    ).toEqual([]);
}

const timeOf = ({ truth }: Story, what: string): number =>
  truth.find((moment) => moment.what === what)?.atEpochMs ?? Infinity;

/** What a result says of a moment, it has from an event: it is the moment at which it happened. */
export function expectTimely(story: Story, what: string, toldAtEpochMs: number | null): void {
  const lateMs = (toldAtEpochMs ?? Infinity) - timeOf(story, what);
  expectInTime(what, Math.abs(lateMs));
}

/** That the guest stands is said when QEMU has stopped it: not before, and soon. */
export function expectStop(story: Story): void {
  const stands = story.chart.find(({ tags }) => tags.includes('guestPaused'));
  const lateMs = (stands?.atEpochMs ?? Infinity) - timeOf(story, 'qemu STOP');
  // Ours has no fractions of a millisecond.
  expect(lateMs, `${stands?.state}, in ms`).toBeGreaterThan(-1);
  expectInTime(`${stands?.state}`, lateMs);
}

/** How long a result says that the guest stood is how long QEMU let it stand. */
export function expectOutage(story: Story, outageMs: number | null): void {
  const stoodMs = timeOf(story, 'qemu RESUME') - timeOf(story, 'qemu STOP');
  expectInTime('outage', Math.abs((outageMs ?? Infinity) - stoodMs));
}

const moves = (...statuses: readonly string[]): Row[] =>
  statuses.map((status) => `qemu MIGRATION ${status}`);

/** The guest goes on as soon as its memory is in a file. */
export const memoryWritten: readonly Row[] = [
  'qemu STOP',
  ...moves('setup', 'active', 'completed'),
  'qemu RESUME',
];
/** Or as soon as that is called off. */
export const memoryCancelled: readonly Row[] = [
  'qemu STOP',
  ...moves('setup', 'active', 'cancelling', 'cancelled'),
  'qemu RESUME',
];
/** Its memory goes into a file and its QEMU ends; and it goes on from there. */
export const memorySaved: readonly Row[] = [
  'daemon save begins',
  'qemu STOP',
  ...moves('setup', 'active', 'completed'),
  'qemu SHUTDOWN',
  'daemon save ends',
];
export const memoryLoaded: readonly Row[] = [
  'daemon start begins',
  ...moves('setup', 'active', 'completed'),
  'qemu RESUME',
  'daemon start ends',
];
/** Whatever is done to a snapshot, or to what is on the books of it. */
export const snapshotJob: readonly Row[] = ['daemon snapshot begins', 'daemon snapshot ends'];

import { describe, expect, test } from 'vitest';

import type { PeerView, Situation, Verdict } from '../../machines/policy/peers.ts';
import { describePeers, hasTakenOver, judgePeers } from '../../machines/policy/peers.ts';
import type { DomainStatus } from '../../src/ports/domain.ts';
import type { DestinationHolding, SourceHolding } from './hosts.ts';
import { destinationHolds, domain, look, sourceHolds } from './hosts.ts';
import { ran, ranThere, stood, switched } from './situations.ts';

const sources = ['running', 'paused', 'busy', 'shutoff', 'absent', 'unreachable'] as const;

/** Verdicts by what the destination holds, one for each of `sources`, `-` standing for `unclear`. */
type Grid = Readonly<Record<DestinationHolding, string>>;

/**
 * Reasoned from three rules: never two running copies, never resume a source whose destination may
 * have run, never destroy the only copy. Where a host still has to make up its mind, we wait.
 */
const cases: readonly (readonly [string, Situation, Grid])[] = [
  [
    // The source's QEMU never finished, so an incoming copy cannot come to life.
    'a running guest that cannot have switched over',
    ran,
    {
      running: 'bothRun sourceStale jobActive switchedOver switchedOver -',
      incoming: 'incomingLeft sourceToResume jobActive - - -',
      pausedByUser: 'overtaken overtaken jobActive overtaken overtaken -',
      pausedByError: 'overtaken overtaken jobActive overtaken overtaken -',
      shutoff: 'unchanged sourceToResume jobActive guestGone guestGone -',
      absent: 'unchanged sourceToResume jobActive guestGone guestGone -',
      inPostcopy: 'bothRun postcopyActive jobActive - - -',
      brokenPostcopy: 'bothRun postcopyBroken postcopyBroken postcopyBroken postcopyBroken -',
      unreachable: 'unchanged sourceToResume jobActive - - -',
    },
  ],
  [
    // The Finish request may still be on its way: an incoming copy may run the next moment.
    'a running guest that may have switched over',
    { ...ran, ...switched },
    {
      running: 'bothRun sourceStale jobActive switchedOver switchedOver -',
      incoming: 'incomingLeft - jobActive - - -',
      pausedByUser: 'overtaken overtaken jobActive overtaken overtaken -',
      pausedByError: 'overtaken overtaken jobActive overtaken overtaken -',
      shutoff: 'unchanged sourceToResume jobActive guestGone guestGone -',
      absent: 'unchanged sourceToResume jobActive guestGone guestGone -',
      inPostcopy: 'bothRun postcopyActive jobActive - - -',
      brokenPostcopy: 'bothRun postcopyBroken postcopyBroken postcopyBroken postcopyBroken -',
      unreachable: '- - jobActive - - -',
    },
  ],
  [
    // Whatever the source holds is older than what the destination has lost.
    'a running guest that may have run on the destination',
    { ...ran, ...ranThere },
    {
      running: 'bothRun sourceStale jobActive switchedOver switchedOver -',
      incoming: 'incomingLeft - jobActive - - -',
      pausedByUser: 'overtaken overtaken jobActive overtaken overtaken -',
      pausedByError: 'overtaken overtaken jobActive overtaken overtaken -',
      shutoff: 'overtaken overtaken jobActive guestGone guestGone -',
      absent: 'overtaken overtaken jobActive guestGone guestGone -',
      inPostcopy: 'bothRun postcopyActive jobActive - - -',
      brokenPostcopy: 'bothRun postcopyBroken postcopyBroken postcopyBroken postcopyBroken -',
      unreachable: '- - jobActive - - -',
    },
  ],
  [
    // A guest that stood goes over standing (paused by `user`); a source that runs was resumed
    // by somebody, and is never destroyed.
    'a paused guest that cannot have switched over',
    stood,
    {
      running: 'bothRun sourceStale jobActive switchedOver switchedOver -',
      incoming: 'incomingLeft incomingLeft jobActive - - -',
      pausedByUser: 'overtaken sourceStale jobActive switchedOver switchedOver -',
      pausedByError: 'overtaken overtaken jobActive overtaken overtaken -',
      shutoff: 'unchanged unchanged jobActive guestGone guestGone -',
      absent: 'unchanged unchanged jobActive guestGone guestGone -',
      inPostcopy: 'bothRun postcopyActive jobActive - - -',
      brokenPostcopy: 'bothRun postcopyBroken postcopyBroken postcopyBroken postcopyBroken -',
      unreachable: 'unchanged unchanged jobActive - - -',
    },
  ],
  [
    'a paused guest that may have switched over',
    { ...stood, ...switched },
    {
      running: 'bothRun sourceStale jobActive switchedOver switchedOver -',
      incoming: 'incomingLeft - jobActive - - -',
      pausedByUser: 'overtaken sourceStale jobActive switchedOver switchedOver -',
      pausedByError: 'overtaken overtaken jobActive overtaken overtaken -',
      shutoff: 'unchanged unchanged jobActive guestGone guestGone -',
      absent: 'unchanged unchanged jobActive guestGone guestGone -',
      inPostcopy: 'bothRun postcopyActive jobActive - - -',
      brokenPostcopy: 'bothRun postcopyBroken postcopyBroken postcopyBroken postcopyBroken -',
      unreachable: '- - jobActive - - -',
    },
  ],
  [
    'a paused guest that may have run on the destination',
    { ...stood, ...ranThere },
    {
      running: 'bothRun sourceStale jobActive switchedOver switchedOver -',
      incoming: 'incomingLeft - jobActive - - -',
      pausedByUser: 'overtaken sourceStale jobActive switchedOver switchedOver -',
      pausedByError: 'overtaken overtaken jobActive overtaken overtaken -',
      shutoff: 'overtaken overtaken jobActive guestGone guestGone -',
      absent: 'overtaken overtaken jobActive guestGone guestGone -',
      inPostcopy: 'bothRun postcopyActive jobActive - - -',
      brokenPostcopy: 'bothRun postcopyBroken postcopyBroken postcopyBroken postcopyBroken -',
      unreachable: '- - jobActive - - -',
    },
  ],
];

interface Cell {
  readonly source: SourceHolding;
  readonly destination: DestinationHolding;
  readonly situation: Situation;
  readonly expected: string;
}

const isDestination = (name: string): name is DestinationHolding => name in destinationHolds;

function cellsOf(situation: Situation, grid: Grid): Cell[] {
  return Object.entries(grid).flatMap(([destination, row]) => {
    const verdicts = row.split(' ').map((word) => (word === '-' ? 'unclear' : word));
    return sources.map((source, column): Cell => {
      const expected = verdicts[column];
      if (expected === undefined || !isDestination(destination)) throw new Error(`row ${row}`);
      return { source, destination, situation, expected };
    });
  });
}

const allCells = cases.flatMap(([, situation, grid]) => cellsOf(situation, grid));
const judge = (cell: Cell): Verdict =>
  judgePeers(look(cell.source, cell.destination), cell.situation);
const cellsWith = (verdict: Verdict): Cell[] => allCells.filter((cell) => judge(cell) === verdict);

describe.each(cases)('%s', (_, situation, grid) => {
  test.each(cellsOf(situation, grid))(
    'source $source, destination $destination: $expected',
    (cell) => {
      expect(judge(cell)).toBe(cell.expected);
    },
  );
});

describe('whatever the situation', () => {
  test('a source is resumed only where the destination neither runs nor may have run', () => {
    const cells = cellsWith('sourceToResume');
    expect(cells.length).toBeGreaterThan(0);
    for (const { destination, situation } of cells) {
      expect(situation.mayHaveRunThere).toBe(false);
      expect(['incoming', 'shutoff', 'absent', 'unreachable']).toContain(destination);
      if (situation.mayHaveSwitched) expect(['shutoff', 'absent']).toContain(destination);
    }
  });

  test('a source is destroyed only where it stands and the destination has the guest', () => {
    const cells = cellsWith('sourceStale');
    expect(cells.length).toBeGreaterThan(0);
    for (const { source, destination, situation } of cells) {
      expect(source).toBe('paused');
      expect(situation.guestWasPaused ? ['running', 'pausedByUser'] : ['running']).toContain(
        destination,
      );
    }
  });

  test('an incoming copy is ended only where the source keeps the guest', () => {
    const cells = cellsWith('incomingLeft');
    expect(cells.length).toBeGreaterThan(0);
    for (const { source, destination, situation } of cells) {
      expect(destination).toBe('incoming');
      expect(situation.guestWasPaused ? ['running', 'paused'] : ['running']).toContain(source);
    }
  });

  test('a destination that was blind but knows nothing of the guest never had it', () => {
    const blind = { ...ran, ...ranThere, finishLeavesDefinition: true };
    expect(judgePeers(look('running', 'absent'), blind)).toBe('unchanged');
    expect(judgePeers(look('paused', 'absent'), blind)).toBe('sourceToResume');
    expect(judgePeers(look('running', 'shutoff'), blind)).toBe('overtaken');
    expect(judgePeers(look('running', 'absent'), { ...blind, ranThere: true })).toBe('overtaken');
  });

  test('two running copies are always called that', () => {
    for (const cell of allCells)
      expect(judge(cell) === 'bothRun').toBe(
        cell.source === 'running' &&
          ['running', 'inPostcopy', 'brokenPostcopy'].includes(cell.destination),
      );
  });

  test('a source that does not answer decides nothing', () => {
    for (const cell of allCells)
      if (cell.source === 'unreachable') expect(judge(cell)).toBe('unclear');
  });
});

const view = (source: PeerView, destination: PeerView) => ({ atEpochMs: 1, source, destination });
const holding = (status: Partial<DomainStatus>): PeerView => ({
  reachable: true,
  domain: { ...domain, ...status },
});

describe('other states of libvirt', () => {
  test('a blocked domain runs', () => {
    const blocked = holding({ state: 'blocked', reason: 'unknown' });
    expect(judgePeers(view(blocked, blocked), ran)).toBe('bothRun');
  });

  test('a guest that somebody started anew on the destination makes nothing stale', () => {
    const booted = holding({ state: 'running', reason: 'booted' });
    for (const situation of [ran, { ...ran, ...switched }, { ...ran, ...ranThere }, stood]) {
      expect(judgePeers(view(sourceHolds.paused, booted), situation)).toBe('overtaken');
      expect(judgePeers(view(sourceHolds.running, booted), situation)).toBe('bothRun');
      expect(judgePeers(view(sourceHolds.absent, booted), situation)).toBe('switchedOver');
    }
  });

  test.each(['booted', 'migrated', 'restored', 'fromSnapshot'])(
    'a guest that runs as its QEMU began (%s) was never stopped, and so never went over',
    (reason) => {
      const blind = { ...ran, ...ranThere };
      const begun = holding({ state: 'running', reason });
      for (const there of [destinationHolds.absent, destinationHolds.shutoff]) {
        expect(judgePeers(view(begun, there), blind)).toBe('unchanged');
        expect(judgePeers(view(begun, there), { ...blind, ranThere: true })).toBe('overtaken');
      }
      const stopped = holding({ state: 'paused', reason: 'migration' });
      expect(judgePeers(view(stopped, destinationHolds.absent), blind)).toBe('overtaken');
      const resumed = holding({ state: 'running', reason: 'migrationCanceled' });
      expect(judgePeers(view(resumed, destinationHolds.absent), blind)).toBe('overtaken');
    },
  );

  test('a crashed domain holds nothing', () => {
    const crashed = holding({ state: 'crashed', reason: 'panicked' });
    expect(judgePeers(view(crashed, destinationHolds.running), ran)).toBe('switchedOver');
    expect(judgePeers(view(sourceHolds.running, crashed), ran)).toBe('unchanged');
  });

  test('a job of another kind is not the migration', () => {
    const saving = holding({ state: 'paused', reason: 'migration', job: { operation: 'save' } });
    expect(judgePeers(view(saving, destinationHolds.absent), ran)).toBe('sourceToResume');
  });

  test.each(['startingUp', 'migration'])('paused (%s) has not taken over yet', (reason) => {
    expect(hasTakenOver(holding({ state: 'paused', reason }), ran)).toBe(false);
  });

  test.each(['user', 'ioerror', 'watchdog', 'postcopyFailed', 'unknown'])(
    'paused (%s) on the destination went over, or may have',
    (reason) => {
      expect(hasTakenOver(holding({ state: 'paused', reason }), ran)).toBe(true);
    },
  );

  test('a guest that put itself to sleep on the destination went over', () => {
    const asleep = holding({ state: 'pmsuspended', reason: 'unknown' });
    expect(judgePeers(view(sourceHolds.paused, asleep), ran)).toBe('overtaken');
  });
});

test('what each host holds is told in words', () => {
  expect(describePeers(look('busy', 'unreachable'))).toBe(
    'source: paused (migration); destination: does not answer (connection refused)',
  );
  expect(describePeers(look('absent', 'running'))).toBe(
    'source: has no such domain; destination: running (migrated)',
  );
});

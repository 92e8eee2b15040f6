import { expect, test } from 'vitest';

import { readLines } from '../spawned.ts';
import { linesOf, Records, timeoutMs } from './on-record.ts';

/** A run of a version of its machine that nobody has any more. */
const gone = { machine: 'liveMigration', version: '0' };

test(
  'what fits no machine is parked with its next steps, and ends only when an operator says so',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    await records.put([{ id: 'old-run', ...gone }]);
    const { status, stdout } = await records.virtstate('recover', '--log-level', 'error');
    const [what, ...steps] = linesOf(stdout);
    expect(what).toMatch(/^needs an operator: run old-run \(guest-a\): .* \(unfitSnapshot\)$/);
    expect(steps.map((step) => step.trim())).toEqual([
      expect.stringMatching(/^look at both hosts: virtstate show old-run/),
      expect.stringMatching(/^once the cause is mended: virtstate recover old-run$/),
      expect.stringMatching(/virtstate recover --give-up old-run ends it as it is/),
    ]);
    expect(status).toBe(3);

    const shown = await records.virtstate('show', 'old-run');
    expect(shown.stdout).toMatch(/^driven by +nobody: needs an operator$/m);
    expect(shown.stdout).toMatch(/^allowed +unknown: its record is of another version/m);
    expect(shown.stdout).toMatch(/^parked +the run fits no machine here/m);
    expect((await records.virtstate('runs')).stdout).toMatch(
      /^old-run .*nobody: needs an operator$/m,
    );

    const given = await records.virtstate('recover', '--give-up', 'old-run');
    expect(given.stdout).toMatch(/^given up: run old-run \(guest-a\): its record stays/);
    expect(given.status).toBe(0);
    expect(await records.summary('old-run')).toMatchObject({
      outcome: 'needsOperator',
      version: '0',
    });
  },
);

test('--json tells parked runs in lines of their own', { timeout: timeoutMs }, async () => {
  const records = new Records();
  await records.put([{ id: 'old-run', ...gone }]);
  const { status, stdout } = await records.virtstate('recover', '--json');
  expect(readLines(stdout)).toMatchObject([
    { type: 'run.parked', run: 'old-run', failure: { code: 'unfitSnapshot' } },
    { type: 'recover.finished', recovered: 0, parked: 1, status: 3 },
  ]);
  expect(status).toBe(3);
});

test(
  'nothing is given up that is driven, over, or could go on',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    await records.put([
      { id: 'over', finishedAtEpochMs: 2_000, outcome: 'completed' },
      { id: 'left' },
    ]);
    const { run } = await records.startBusy();
    const words = async (name: string) => {
      const { status, stderr } = await records.virtstate('recover', '--give-up', name);
      expect(status).toBe(2);
      return stderr;
    };
    expect(await words('over')).toContain('has ended: completed');
    expect(await words('left')).toContain('is not parked: virtstate recover left goes on with it');
    expect(await words(run)).toContain('which lives');
    expect(await records.summary('left')).toMatchObject({ outcome: null });
  },
);

test('named runs are recovered, and others stay as they are', { timeout: timeoutMs }, async () => {
  const records = new Records();
  await records.put([
    { id: 'first', ...gone },
    { id: 'second', ...gone },
  ]);
  const { status, stdout } = await records.virtstate('recover', 'second', '--json');
  expect(readLines(stdout)).toMatchObject([{ run: 'second' }, { parked: 1 }]);
  expect(status).toBe(3);
  expect(await records.summary('first')).toMatchObject({ parked: null });
});

test(
  'old runs are forgotten where they are finished, never an unfinished one',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    const now = Date.now();
    await records.put([
      { id: 'old', finishedAtEpochMs: 1_000, outcome: 'completed' },
      { id: 'recent', finishedAtEpochMs: now, outcome: 'completed' },
      { id: 'unfinished', startedAtEpochMs: 0 },
    ]);
    const { status, stdout } = await records.virtstate('prune', '--older-than', '1d', '--json');
    expect(readLines(stdout)).toMatchObject([{ type: 'runs.pruned', pruned: 1 }]);
    expect(status).toBe(0);
    const left = readLines((await records.virtstate('runs', '--all', '--json')).stdout);
    expect(left.map((line) => line['run'])).toEqual(['unfinished', 'recent']);
  },
);

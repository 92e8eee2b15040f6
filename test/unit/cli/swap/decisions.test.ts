import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

import { volumeSwapInput } from '../../../../machines/index.ts';
import { compose } from '../../../../src/cli/compose.ts';
import { driveRecovered } from '../../../../src/cli/driving/drive-recovered.ts';
import { Output } from '../../../../src/cli/output.ts';
import { noLog } from '../../../../src/ports/log.ts';
import { openSqliteStore } from '../../../../src/store/sqlite/index.ts';
import { served } from '../../../support/served.ts';
import { kill, Records } from '../records/on-record.ts';
import { readLines } from '../spawned.ts';

const timeoutMs = 60_000;
const keepingBoth = volumeSwapInput({
  domain: 'demo',
  host: 'simulated:///hostA',
  disks: [
    {
      targetDev: 'vda',
      to: { source: { kind: 'file', path: '/backup/new.qcow2' }, format: 'qcow2' },
      create: true,
      resizeBytes: null,
    },
  ],
  oldVolume: 'confirm',
});
const on = ['--on', 'simulated:///hostA'];
const swap = ['swap', 'demo', 'vda', '--to', '/backup/new.qcow2', '--create', ...on];

/** A run that waits for a decision, and whose process has ended well. */
async function leaveWaiting(): Promise<{ readonly records: Records; readonly run: string }> {
  const records = new Records();
  const { status, stdout, stderr } = await records.virtstate(...swap, '--keep-old', '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const last = readLines(stdout).at(-1);
  const run = String(last?.['run']);
  const more = `${run} --store ${records.path}`;
  expect(last).toMatchObject({
    type: 'run.waiting',
    swapped: [{ targetDev: 'vda', volume: '/backup/new.qcow2' }],
    nextSteps: [
      expect.stringContaining(`virtstate confirm ${more} `),
      expect.stringContaining(`virtstate undo ${more} `),
    ],
  });
  return { records, run };
}

test(
  'a swap that keeps both volumes ends well, says how to go on, and waits on record',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    const { status, stdout } = await records.virtstate(...swap, '--keep-old');
    const [run = ''] = /[0-9a-f-]{36}/.exec(stdout) ?? [];
    expect(stdout).toContain('waiting: demo has vda on its new volume\n');
    expect(stdout).toContain(`until you decide, what it had before is kept, and run ${run} keeps`);
    expect(stdout).toContain('  next         virtstate undo ');
    expect(status).toBe(0);
    expect((await records.virtstate('runs')).stdout).toMatch(
      /volumeSwap +demo +awaitingConfirmation .* nobody: waits for confirm or undo\n/,
    );
    const page = (await records.virtstate('show', run)).stdout;
    expect(page).toContain('to undo    everything: virtstate undo goes back to the old volumes');
    expect(page).toContain('allowed    confirm, undo\n');
    expect(page).toContain(`next       virtstate confirm ${run} keeps the new volumes`);
  },
);

test('confirm ends it, once', { timeout: timeoutMs }, async () => {
  const { records, run } = await leaveWaiting();
  const { status, stdout } = await records.virtstate('confirm', run.slice(0, 8), '--json');
  expect(readLines(stdout)[0]).toMatchObject({
    type: 'run.resumed',
    run,
    states: ['awaitingConfirmation'],
  });
  expect(readLines(stdout).at(-1)).toMatchObject({
    type: 'run.finished',
    run,
    outcome: 'completed',
  });
  expect(status).toBe(0);
  const again = await records.virtstate('undo', run);
  expect(again.stderr).toContain(`run ${run} (demo) has ended: completed; nothing was touched`);
  expect(again.status).toBe(2);
});

test(
  'an undo that comes to nothing is told, and the run waits again',
  { timeout: timeoutMs },
  async () => {
    const { records, run } = await leaveWaiting();
    // The simulated world was another process's: here the guest is on its old volume.
    const { status, stdout } = await records.virtstate('undo', run);
    expect(stdout).toContain("note         not undone: demo's vda lies on another volume");
    expect(status).toBe(1);
    expect(await records.summary(run)).toMatchObject({
      states: ['awaitingConfirmation'],
      holder: null,
    });
  },
);

test('recover tells of it, and leaves it alone', { timeout: timeoutMs }, async () => {
  const { records, run } = await leaveWaiting();
  for (const words of [['recover'], ['recover', run]]) {
    const { status, stdout } = await records.virtstate(...words);
    expect(stdout).toContain(`waiting for a decision: run ${run} (demo): its guest is on its new`);
    expect(stdout).toContain(`  virtstate undo ${run} goes back`);
    expect(status).toBe(0);
  }
  const { stdout } = await records.virtstate('recover', '--json');
  expect(readLines(stdout)).toMatchObject([
    { type: 'run.waiting', run, domain: 'demo' },
    { type: 'recover.finished', recovered: 0, parked: 0, waiting: 1, status: 0 },
  ]);
});

test('recover takes up the others beside it', { timeout: timeoutMs }, async () => {
  const { records, run } = await leaveWaiting();
  const other = await records.leaveBusy();
  const { stdout } = await records.virtstate('recover', '--json');
  expect(readLines(stdout).at(-1)).toMatchObject({ recovered: 1, waiting: 1 });
  expect(await records.summary(other)).toMatchObject({ finishedAtEpochMs: expect.any(Number) });
  expect(await records.summary(run)).toMatchObject({ states: ['awaitingConfirmation'] });
});

test.each([
  [['abort'], 'not sent: abort, run', 'virtstate confirm RUN or virtstate undo RUN'],
  [['send', 'confirm'], 'not sent: confirm, run', 'virtstate confirm RUN or virtstate undo RUN'],
])('%o says who may decide', { timeout: timeoutMs }, async ([verb = '', ...word], said, todo) => {
  const { records, run } = await leaveWaiting();
  const { status, stderr } = await records.virtstate(verb, run, ...word);
  expect(stderr).toContain(said);
  expect(stderr).toContain(todo.replaceAll('RUN', run));
  expect(status).toBe(2);
});

test('whoever wants its domain is told what ends it', { timeout: timeoutMs }, async () => {
  const { records, run } = await leaveWaiting();
  const { status, stderr } = await records.virtstate(...swap);
  expect(stderr).toContain(`virtstate confirm ${run} or virtstate undo ${run} ends that one`);
  expect(status).toBe(2);
});

test(
  'one that comes to wait while nobody listens yet is let go of',
  { timeout: timeoutMs },
  async () => {
    const { records, run } = await leaveWaiting();
    const store = openSqliteStore(records.path);
    const composition = compose({ log: noLog, store });
    const stdout = new PassThrough();
    const surroundings = {
      output: new Output({ stdout, stderr: new PassThrough() }),
      terminal: null,
      environment: {},
      now: () => 0,
      input: () => new PassThrough(),
    };
    const task = { candidates: [], only: null, style: 'words', more: '' } as const;
    const { statuses } = await driveRecovered(composition, store, task, surroundings);
    await composition.close();
    expect(statuses).toEqual([0]);
    stdout.end();
    expect(await text(stdout)).toContain(`waiting for a decision: run ${run} (demo)`);
  },
);

test.each([
  ['confirm', 'kept: demo is on its new volumes', 'completed'],
  ['undo', 'undone: demo is on its old volumes, with all that it wrote', 'rolledBack'],
])(
  '%s reaches a run that a service drives, and waits for its end',
  { timeout: timeoutMs },
  async (verb, said, outcome) => {
    const records = new Records();
    const { engine } = await served({ place: records.path });
    const waits = Promise.withResolvers<string>();
    engine.on('state.entered', ({ rootRunId, tags }) => {
      if (tags.includes('awaitingConfirmation')) waits.resolve(rootRunId);
    });
    await engine.start('volumeSwap', keepingBoth);
    const run = await waits.promise;
    const { status, stdout, stderr } = await records.virtstate(verb, run.slice(0, 8));
    expect(stderr).toBe('');
    expect(stdout).toBe(
      `taken: ${verb}, run ${run} (demo); waiting for the end (Ctrl-C leaves it to whoever drives it)\n${said}\n`,
    );
    expect(status).toBe(0);
    expect(await records.summary(run)).toMatchObject({ outcome });
  },
);

test(
  'an undo that comes to nothing where a service drives it is told, and the run waits again',
  { timeout: timeoutMs },
  async () => {
    const { records, run } = await leaveWaiting();
    const { engine } = await served({ place: records.path });
    // Its world is another one: here the guest is on its old volume.
    await engine.recover();
    const { status, stdout } = await records.virtstate('undo', run, '--json');
    expect(readLines(stdout)).toMatchObject([
      { type: 'command', run, command: 'undo', answer: 'taken' },
      { type: 'run', run, states: ['awaitingConfirmation'], outcome: null },
    ]);
    expect(status).toBe(1);
  },
);

test.each(['confirm', 'undo'])(
  '%s of what waits for none',
  { timeout: timeoutMs },
  async (verb) => {
    const records = new Records();
    const none = await records.virtstate(verb, 'nope');
    expect(none.stderr).toMatch(/no run begins with "nope".*nothing was touched/);
    const { process, run } = await records.startBusy();
    const driven = await records.virtstate(verb, run);
    expect(driven.stderr).toBe(
      `virtstate: not allowed: ${verb}, run ${run} (busy), in the state perform3.precopying; allowed: abort, bandwidth.set, downtime.set, force.complete\n`,
    );
    await kill(process);
    const left = await records.virtstate(verb, run);
    expect(left.stderr).toContain(`run ${run} (busy) waits for no decision: it stands in `);
    expect(left.stderr).toContain(`virtstate recover ${run} goes on with it; nothing was touched`);
    expect([none.status, driven.status, left.status]).toEqual([2, 2, 2]);
  },
);

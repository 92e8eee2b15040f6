import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';

import { readLines } from '../spawned.ts';
import { between, kill, linesOf, Records, timeoutMs } from './on-record.ts';

test('where nothing is on record there are no runs, and no file is made', async () => {
  const records = new Records();
  const { status, stdout } = await records.virtstate('runs');
  expect(stdout).toBe(`no unfinished runs in ${records.path}; --all lists finished ones, too\n`);
  expect(status).toBe(0);
  expect(existsSync(records.path)).toBe(false);
});

test('a run is on record from its beginning to after its end', { timeout: timeoutMs }, async () => {
  const records = new Records();
  const { status, stdout } = await records.virtstate('migrate', 'idle', ...between);
  expect(status).toBe(0);
  expect((await records.virtstate('runs')).stdout).toMatch(/^no unfinished runs/);
  const [head, line] = linesOf((await records.virtstate('runs', '--all')).stdout);
  expect(head).toMatch(/^RUN +WORKFLOW +DOMAIN +STATE +SINCE +DRIVEN BY$/);
  expect(line).toMatch(/^[0-9a-f]{8} +liveMigration +idle +completed +2.* -$/);
  const shown = await records.virtstate('show', line?.slice(0, 4) ?? '');
  expect(shown.stdout).toMatch(/^domain +idle: simulated:\/\/\/hostA -> simulated:\/\/\/hostB$/m);
  expect(shown.stdout).toMatch(/^to undo +nothing any more: it has completed$/m);
  expect(shown.stdout).toMatch(/\+\d\.\d{3} s {2}PERFORM3 \(observed\) {2}perform3\.precopying: /);
  // What its own last line told.
  const [, downtimeMs = ''] = /, downtime (\d+) ms/.exec(stdout) ?? [];
  expect(shown.stdout).toMatch(new RegExp(`^downtime +${downtimeMs} ms$`, 'm'));
  expect(shown.status).toBe(0);
});

test(
  'while it runs, others see where it stands, who drives it and what is allowed; after a kill, that nobody does',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    const { run, process } = await records.startBusy();
    const { stdout } = await records.virtstate('runs', '--json');
    expect(readLines(stdout)).toMatchObject([
      {
        type: 'run',
        run,
        machine: 'liveMigration',
        domain: 'busy',
        finishedAt: null,
        outcome: null,
        drivenBy: { pid: process.process.pid, alive: true },
      },
    ]);
    const page = (await records.virtstate('show', run)).stdout;
    expect(page).toMatch(/^state +perform3\.precopying$/m);
    expect(page).toMatch(
      new RegExp(`^driven by +pid ${process.process.pid}, which lives \\(heard of`, 'm'),
    );
    expect(page).toMatch(/^to undo +everything: an abort leaves the guest as it was$/m);
    expect(page).toMatch(/^allowed +abort, bandwidth\.set, downtime\.set, force\.complete$/m);
    expect(page).toMatch(/^holds +domain busy on simulated:/m);
    expect(page).toContain(`performMigration (${run}/peer2peer#1/perform#1)`);

    await kill(process);
    const [details] = readLines((await records.virtstate('show', run, '--json')).stdout);
    expect(details).toMatchObject({
      run,
      asked: { domain: 'busy', protocol: 'peer2peer', offline: false },
      drivenBy: { alive: false },
      allowed: ['abort', 'bandwidth.set', 'downtime.set', 'force.complete'],
      nextSteps: [
        `virtstate recover ${run} takes it up where its record stands; until then the source daemon goes on by itself with what it was told last`,
      ],
      artefacts: expect.arrayContaining([expect.objectContaining({ kind: 'claim' })]),
    });
    expect(details?.['tags']).toContain('abortable');
    const entered = JSON.stringify(details?.['path']);
    expect(entered).toContain('"phase":"PERFORM3","evidence":"observed"');
    const [, line] = linesOf((await records.virtstate('runs')).stdout);
    expect(line).toContain(`nobody: pid ${process.process.pid} is gone`);
  },
);

test('a run is named by as much of its id as only it has', { timeout: timeoutMs }, async () => {
  const records = new Records();
  const ended = { finishedAtEpochMs: 2_000, outcome: 'completed' };
  await records.put([
    { id: '0a1b2c3d4e-one', ...ended },
    { id: '0a1b2c3d4f-two', ...ended },
    { id: '7777', ...ended },
  ]);
  const { stdout } = await records.virtstate('runs', '--finished', '--limit', '2');
  expect(linesOf(stdout).map((line) => line.split(' ')[0])).toEqual(['RUN', '7777', '0a1b2c3d4f']);
  expect((await records.virtstate('show', '0A1B2C3D4E')).stdout).toMatch(/^run +0a1b2c3d4e-one$/m);
  const ambiguous = await records.virtstate('show', '0a');
  expect(ambiguous).toMatchObject({ status: 2, stdout: '' });
  expect(linesOf(ambiguous.stderr)).toEqual([
    expect.stringMatching(
      /^virtstate: 2 runs begin with "0a": 0a1b2c3d4f-two \(guest-a\), 0a1b2c3d4e-one \(guest-a\);/,
    ),
  ]);
});

test('there is more than is shown, and that is said', { timeout: timeoutMs }, async () => {
  const records = new Records();
  await records.put(['a', 'b'].map((id) => ({ id, finishedAtEpochMs: 2_000, outcome: 'broken' })));
  const { stdout, stderr } = await records.virtstate('runs', '--all', '--json', '--limit', '1');
  expect(readLines(stdout)).toMatchObject([{ run: 'b', outcome: 'broken' }]);
  expect(stderr).toBe('virtstate: there are more (--limit 1)\n');
});

test.each([
  [['show', 'nope'], 'no run begins with "nope"'],
  [['show', '../x y'], 'no run begins with "../x y"'],
  [['abort', 'nope'], 'no run begins with "nope"'],
  [['send', 'nope', 'abort'], 'no run begins with "nope"'],
  [['recover', 'nope'], 'no run begins with "nope"'],
  [['recover', '--give-up', 'nope'], 'no run begins with "nope"'],
  [['recover', 'nope', '--give-up', 'nope'], '--give-up ends one run'],
  [['send', 'nope', 'faster'], 'faster is not understood: there is abort'],
  [['send', 'nope', 'downtime.set', 'soon'], 'downtime.set takes one whole number'],
  [['runs', '--all', '--finished'], 'exclude each other'],
  [['runs', '--limit', '0'], '--limit "0" is not a whole number'],
  [['prune', '--older-than', 'yesterday'], '--older-than "yesterday" is no span'],
  [['prune'], "required option '--older-than <span>'"],
])('%j: one line, exit 2', { timeout: timeoutMs }, async (words, reason) => {
  const records = new Records();
  const { status, stdout, stderr } = await records.virtstate(...words);
  expect(stderr).toMatch(/^virtstate: .*nothing was touched.*\n$/);
  expect(stderr).toContain(reason);
  expect(stdout).toBe('');
  expect(status).toBe(2);
});

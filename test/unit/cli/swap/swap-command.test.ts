import { expect, test } from 'vitest';

import { readLines, Spawned, virtstate } from '../spawned.ts';

const timeoutMs = 60_000;
const on = ['--on', 'simulated:///hostA'];
const there = ['--to', '/backup/new.qcow2', '--create'];

test('a disk gets a new volume, and the last line says which', { timeout: timeoutMs }, async () => {
  const { status, stdout, stderr } = await virtstate('swap', 'demo', 'vda', ...there, ...on);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^swap of vda of demo on simulated:\/\/\/hostA\n/);
  expect(stdout).toContain('completed: demo has vda on its new volume, in ');
  expect(stdout).toContain(
    '  vda          /backup/new.qcow2 (qcow2); before: /var/lib/libvirt/images/demo.img\n',
  );
  expect(stdout).toContain('demo.img on the host: kept, not used any more\n');
  expect(status).toBe(0);
});

test('the old volume goes where that is asked', { timeout: timeoutMs }, async () => {
  const words = ['swap', 'demo', 'vda', ...there, ...on, '--delete-old', '--json'];
  const { status, stdout } = await virtstate(...words);
  expect(readLines(stdout)[0]).toMatchObject({ type: 'run.started', workflow: 'volumeSwap' });
  expect(readLines(stdout).at(-1)).toMatchObject({
    type: 'run.finished',
    outcome: 'completed',
    swapped: [{ targetDev: 'vda', volume: '/backup/new.qcow2', format: 'qcow2' }],
    artefacts: [
      { path: '/backup/new.qcow2', status: 'made' },
      { path: '/var/lib/libvirt/images/demo.img', status: 'removed' },
    ],
  });
  expect(status).toBe(0);
});

test('a dry run tells every objection and touches nothing', { timeout: timeoutMs }, async () => {
  const words = ['swap', 'demo', 'vda', '--to', '/nowhere/x', '--create', ...on, '--dry-run'];
  const { status, stdout } = await virtstate(...words);
  expect(stdout).toContain('ok         disksKnown\n');
  expect(stdout).toContain('objection  destinationThere: the host has no directory for /nowhere/x');
  expect(stdout).toContain('it would be refused');
  expect(status).toBe(2);
});

test.each([
  [['vdb', ...there], 'demo has no disk vdb, only vda (disksKnown)'],
  [['vda', '--to', '/backup/none'], 'there is no /backup/none: make it, or let it be made'],
  [['vda', ...there, '--resize', '1M'], 'would cut it off'],
])('%o is refused before anything is touched', { timeout: timeoutMs }, async (words, said) => {
  const { status, stderr } = await virtstate('swap', 'demo', ...words, ...on);
  expect(stderr).toContain(said);
  expect(stderr).toContain('nothing was touched');
  expect(status).toBe(2);
});

test('Ctrl-C while it is copied leaves the old volume: 130', { timeout: timeoutMs }, async () => {
  const run = new Spawned(['swap', 'demo', 'vda', ...there, ...on, '--bandwidth', '1', '--json']);
  await run.untilPrinted('"stream":"vda"');
  run.process.kill('SIGINT');
  const { status, stdout } = await run.ended();
  expect(readLines(stdout).at(-1)).toMatchObject({
    outcome: 'rolledBack',
    failure: { code: 'abortRequested' },
    artefacts: [],
    swapped: [],
  });
  expect(status).toBe(130);
});

import { expect, test } from 'vitest';

import { readLines, Spawned, virtstate } from './spawned.ts';

const timeoutMs = 60_000;
const on = ['--on', 'simulated:///hostA'];

test('an image is taken, and its last line says of what', { timeout: timeoutMs }, async () => {
  const image = ['--to', '/backup', '--name', 'nightly'];
  const { status, stdout, stderr } = await virtstate('snapshot', 'demo', ...on, ...image, '--json');
  expect(stderr).toBe('');
  const lines = readLines(stdout);
  expect(lines[0]).toMatchObject({ type: 'run.started', workflow: 'instanceSnapshot' });
  expect(lines.at(-1)).toMatchObject({
    type: 'run.finished',
    outcome: 'completed',
    way: 'live',
    image: { name: 'nightly', format: 'qcow2' },
    artefacts: [{ kind: 'image', path: '/backup/nightly.qcow2', status: 'made' }],
  });
  expect(status).toBe(0);
});

test('a dry run tells every objection of both ways', { timeout: timeoutMs }, async () => {
  const image = ['--to', '/nowhere', '--name', 'nightly'];
  const { status, stdout } = await virtstate('snapshot', 'demo', ...on, ...image, '--dry-run');
  expect(stdout).toContain('objection  live.targetFree: the host has no directory /nowhere');
  expect(stdout).toContain('objection  cold.targetFree');
  expect(stdout).toContain('it would be refused');
  expect(status).toBe(2);
});

test('what is refused touches nothing, and says why', { timeout: timeoutMs }, async () => {
  const given = ['--kind', 'internal', '--name', 's1'];
  const { status, stderr } = await virtstate('snapshot', 'demo', ...on, ...given);
  expect(stderr).toMatch(
    /^virtstate: refused: disk vda is raw.*\(disksFit\); nothing was touched\n$/,
  );
  expect(status).toBe(2);
});

test(
  'the end in words names the file and what it is good for',
  { timeout: timeoutMs },
  async () => {
    const given = ['--kind', 'cold', '--to', '/backup/disk.qcow2'];
    const { status, stdout } = await virtstate('snapshot', 'demo', ...on, ...given);
    expect(stdout).toContain('completed: demo was copied at rest');
    expect(stdout).toContain('  vda          /backup/disk.qcow2 (qcow2, 128.0 MiB)');
    expect(stdout).toContain('  consistency  crash');
    expect(stdout).toMatch(/ {2}outage {7}[0-9]+ ms\n/);
    expect(stdout).toContain('  host         simulated:///hostA: running, persistent');
    expect(status).toBe(0);
  },
);

test(
  'Ctrl-C while the memory is written gives the guest back: 130',
  { timeout: timeoutMs },
  async () => {
    const run = new Spawned(['save', 'busy', '--managed', ...on, '--json']);
    await run.untilPrinted('"stream":"memory"');
    run.process.kill('SIGINT');
    const { status, stdout } = await run.ended();
    expect(readLines(stdout).at(-1)).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
      artefacts: [],
    });
    expect(status).toBe(130);
  },
);

test.each([
  [['save', 'demo', ...on], 'give the file for the memory, or --managed'],
  [['save', 'demo', '/m', '--managed', ...on], 'give the file for the memory, or --managed'],
  [['save', 'demo', 'm', ...on], 'FILE "m" is no absolute path'],
  [['save', 'demo', '--managed', '--running', '--paused', ...on], 'exclude each other'],
  [['revert', 'demo', 'a/b', ...on], 'SNAPSHOT "a/b" cannot name a snapshot: no slash'],
  [['delete-snapshot', 'demo', '', ...on], 'SNAPSHOT "" cannot name a snapshot'],
  [['merge', 'demo', '/images/demo', ...on], 'DISK "/images/demo" is no name of a disk'],
  [['restore', '/backup/none', ...on], '/backup/none is not there, or holds no saved guest'],
])('%o is wrong usage', { timeout: timeoutMs }, async (words, said) => {
  const { status, stderr } = await virtstate(...words);
  expect(stderr).toContain(said);
  expect(stderr).toContain('nothing was touched');
  expect(status).toBe(2);
});

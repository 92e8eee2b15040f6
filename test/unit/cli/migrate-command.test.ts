import { expect, test } from 'vitest';

import { readLines, Spawned, virtstate } from './spawned.ts';

const timeoutMs = 60_000;
const between = ['--from', 'simulated:///hostA', '--to', 'simulated:///hostB'];

test(
  'a migration prints NDJSON and nothing else, and ends with 0',
  { timeout: timeoutMs },
  async () => {
    const { status, stdout, stderr } = await virtstate('migrate', 'idle', ...between, '--json');
    expect(stderr).toBe('');
    const lines = readLines(stdout);
    expect(lines[0]).toMatchObject({ type: 'run.started', domain: 'idle' });
    const last = lines.at(-1);
    expect(last).toMatchObject({ type: 'run.finished', outcome: 'completed', failure: null });
    expect(last?.['phases']).toMatchObject(
      ['BEGIN3', 'PREPARE', 'PERFORM3', 'PERFORM3_DONE', 'FINISH3', 'CONFIRM3'].map((phase) => ({
        phase,
      })),
    );
    expect(last?.['downtimeMs']).toBeTypeOf('number');
    const entered = lines.filter(({ type }) => type === 'state.entered');
    expect(entered).toContainEqual(
      expect.objectContaining({
        machine: 'peer2peerMigration',
        region: 'phases',
        state: 'perform3.precopying',
        phase: 'PERFORM3',
        evidence: 'observed',
        tags: ['abortable'],
      }),
    );
    expect(status).toBe(0);
  },
);

test(
  'without a terminal it prints plain lines and says what is true now',
  { timeout: timeoutMs },
  async () => {
    const { status, stdout } = await virtstate('migrate', 'idle', ...between);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toMatch(/PERFORM3 \(observed\) {2}perform3\.precopying: /);
    expect(stdout).toContain('  destination  simulated:///hostB: running, persistent');
    expect(status).toBe(0);
  },
);

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s before the point of no return rolls back: 130',
  { timeout: timeoutMs },
  async (signal) => {
    const run = new Spawned(['migrate', 'busy', ...between, '--json']);
    await run.untilPrinted('perform3.precopying');
    run.process.kill(signal);
    const { status, stdout, stderr } = await run.ended();
    expect(stderr).toMatch(/^virtstate: asked to abort; waiting for the rollback.*\n$/);
    expect(readLines(stdout).at(-1)).toMatchObject({
      type: 'run.finished',
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
    });
    expect(status).toBe(130);
  },
);

test('SIGINT past the point of no return does not stop it', { timeout: timeoutMs }, async () => {
  const run = new Spawned(['migrate', 'idle', ...between, '--json']);
  await run.untilPrinted('"finish3"');
  run.process.kill('SIGINT');
  const { status, stdout, stderr } = await run.ended();
  expect(stderr).toContain('past the point of no return');
  expect(readLines(stdout).at(-1)).toMatchObject({ outcome: 'completed' });
  expect(status).toBe(0);
});

test(
  'a second SIGINT leaves at once and says who goes on: 75',
  { timeout: timeoutMs },
  async () => {
    const run = new Spawned(['migrate', 'idle', ...between, '--json']);
    await run.untilPrinted('"finish3"');
    run.process.kill('SIGINT');
    await run.untilPrinted('past the point of no return', 'stderr');
    // What npm passes on twice within one keypress does not count as a second one.
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
    run.process.kill('SIGINT');
    const { status, stdout, stderr } = await run.ended();
    const [first, last] = [readLines(stdout)[0], readLines(stdout).at(-1)];
    expect(last).toMatchObject({ type: 'run.left', run: first?.['run'] });
    expect(stderr).toContain(`virtstate recover ${String(first?.['run'])} takes it up`);
    expect(stderr).toContain('the source daemon goes on by itself');
    expect(status).toBe(75);
  },
);

test('a reader that goes away does not end the migration', { timeout: timeoutMs }, async () => {
  const run = new Spawned(['migrate', 'idle', ...between, '--json']);
  await run.untilPrinted('perform3.precopying');
  run.process.stdout.destroy();
  const { status, stderr } = await run.ended();
  expect(stderr).toContain('nobody reads standard output any more; the migration goes on');
  expect(stderr).toContain('completed: idle has moved');
  expect(stderr).not.toContain('EPIPE');
  expect(status).toBe(0);
});

test('a terminal that hangs up does not end the migration', { timeout: timeoutMs }, async () => {
  const run = new Spawned(['migrate', 'idle', ...between, '--json']);
  await run.untilPrinted('perform3.precopying');
  run.process.kill('SIGHUP');
  const { status } = await run.ended();
  expect(status).toBe(0);
});

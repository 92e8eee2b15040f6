import { expect, test } from 'vitest';

import { readLines, Spawned } from './spawned.ts';

const timeoutMs = 60_000;
const between = ['--from', 'simulated:///hostA', '--to', 'simulated:///hostB'];
const busy = ['migrate', 'busy', ...between, '--commands'];

const answersIn = (stdout: string) => readLines(stdout).filter(({ type }) => type === 'command');

test('abort is a command like Ctrl-C: it rolls back, 130', { timeout: timeoutMs }, async () => {
  const run = new Spawned([...busy, '--json']);
  await run.untilPrinted('perform3.precopying');
  run.type('abort');
  const { status, stdout, stderr } = await run.ended();
  expect(answersIn(stdout)).toMatchObject([
    { command: 'abort', answer: 'taken', state: 'perform3.precopying', reason: null },
  ]);
  expect(readLines(stdout).at(-1)).toMatchObject({
    type: 'run.finished',
    outcome: 'rolledBack',
    failure: { code: 'abortRequested' },
  });
  expect(stderr).toBe('');
  expect(status).toBe(130);
});

test(
  'what nobody understands is answered, and the run goes on',
  { timeout: timeoutMs },
  async () => {
    const run = new Spawned([...busy, '--json']);
    await run.untilPrinted('perform3.precopying');
    run.type('faster');
    await run.untilPrinted('notUnderstood');
    run.type('abort');
    const { status, stdout } = await run.ended();
    expect(answersIn(stdout)).toMatchObject([
      { command: 'faster', answer: 'notUnderstood' },
      { command: 'abort', answer: 'taken' },
    ]);
    expect(status).toBe(130);
  },
);

test(
  'what the machine does not allow now is told so, with the state',
  { timeout: timeoutMs },
  async () => {
    const run = new Spawned([...busy, '--json']);
    await run.untilPrinted('perform3.precopying');
    // Nobody has permitted it.
    run.type('postcopy.start');
    await run.untilPrinted('notAllowed');
    run.type('downtime.set 40');
    await run.untilPrinted('settingDowntime');
    run.type('abort');
    const { stdout } = await run.ended();
    const state = 'perform3.precopying';
    expect(answersIn(stdout)).toMatchObject([
      { command: 'postcopy.start', answer: 'notAllowed', state },
      { command: 'downtime.set 40', answer: 'taken', state },
      { command: 'abort', answer: 'taken', state },
    ]);
  },
);

test('post-copy by hand: a guest that never converges moves', { timeout: timeoutMs }, async () => {
  const run = new Spawned([...busy, '--postcopy', '--json']);
  await run.untilPrinted('perform3.precopying');
  run.type('postcopy.start');
  const { status, stdout } = await run.ended();
  const states = readLines(stdout).map(({ state }) => state);
  expect(states).toContain('postcopyActive');
  expect(status).toBe(0);
});

test('in words, the answers are on standard error', { timeout: timeoutMs }, async () => {
  const run = new Spawned(busy);
  await run.untilPrinted('perform3.precopying');
  run.type('downtime.set soon');
  await run.untilPrinted('not understood', 'stderr');
  run.type('abort');
  const { stdout, stderr } = await run.ended();
  expect(stderr).toMatch(
    /^virtstate: downtime\.set soon: not understood: downtime\.set takes .*\n/,
  );
  expect(stderr).toMatch(/^virtstate: abort: taken$/m);
  expect(stdout).not.toContain('not understood');
});

test('Ctrl-C means what it means without commands', { timeout: timeoutMs }, async () => {
  const run = new Spawned([...busy, '--json']);
  await run.untilPrinted('perform3.precopying');
  run.process.kill('SIGINT');
  const { status, stderr } = await run.ended();
  expect(stderr).toMatch(/^virtstate: asked to abort/);
  expect(status).toBe(130);
});

test('a closed standard input does not end the migration', { timeout: timeoutMs }, async () => {
  const run = new Spawned(['migrate', 'idle', ...between, '--commands', '--json']);
  run.process.stdin.end();
  const { status, stdout } = await run.ended();
  expect(readLines(stdout).at(-1)).toMatchObject({ outcome: 'completed' });
  expect(status).toBe(0);
});

test('without --commands nobody reads standard input', { timeout: timeoutMs }, async () => {
  const run = new Spawned(['migrate', 'idle', ...between, '--json']);
  run.type('abort');
  const { status, stdout } = await run.ended();
  expect(answersIn(stdout)).toEqual([]);
  expect(status).toBe(0);
});

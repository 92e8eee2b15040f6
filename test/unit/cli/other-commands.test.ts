import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

import { readLines, virtstate } from './spawned.ts';

const timeoutMs = 60_000;
const between = ['--from', 'simulated:///hostA', '--to', 'simulated:///hostB'];

test('--dry-run judges every precheck and moves nothing', { timeout: timeoutMs }, async () => {
  const { status, stdout } = await virtstate('migrate', 'idle', ...between, '--dry-run', '--json');
  const lines = readLines(stdout);
  expect(lines[0]).toEqual({ type: 'check', check: 'domainExists', ok: true, objection: null });
  expect(lines.length).toBeGreaterThan(15);
  expect(lines.at(-1)).toEqual({ type: 'checks.finished', ok: true });
  expect(stdout).not.toContain('run.started');
  expect(status).toBe(0);
});

test('--dry-run with an objection ends with 2', { timeout: timeoutMs }, async () => {
  const words = ['migrate', 'demo', ...between, '--dry-run'];
  const { status, stdout } = await virtstate(...words);
  expect(stdout).toMatch(/^objection {2}disksSafe: /m);
  expect(stdout).toContain('it would be refused');
  expect(status).toBe(2);
});

test('doctor tells one finding a line', { timeout: timeoutMs }, async () => {
  const words = ['doctor', 'simulated:///hostA', '--peer', 'simulated:///hostB', '--json'];
  const { status, stdout } = await virtstate(...words);
  const lines = readLines(stdout);
  expect(lines[0]).toMatchObject({ type: 'finding', check: 'reachable', level: 'ok' });
  expect(lines.at(-1)).toEqual({ type: 'doctor.finished', ok: true });
  expect(status).toBe(0);
});

test('doctor says that a host is no peer of itself', { timeout: timeoutMs }, async () => {
  const words = ['doctor', 'simulated:///hostA', '--peer', 'simulated:///hostA'];
  const { status, stdout } = await virtstate(...words);
  expect(stdout).toMatch(/^fail {2}otherHost: /m);
  expect(status).toBe(0);
});

test(
  'the demo shows one that completes and one that rolls back',
  { timeout: timeoutMs },
  async () => {
    const { status, stdout } = await virtstate('demo', '--lab', 'there-is-none', '--json');
    const lines = readLines(stdout);
    expect(lines[0]).toMatchObject({ type: 'demo.started', stage: 'simulated' });
    const ends = lines.filter(({ type }) => type === 'run.finished');
    expect(ends).toMatchObject([{ outcome: 'completed' }, { outcome: 'rolledBack' }]);
    expect(lines.at(-1)).toEqual({ type: 'demo.finished', ok: true });
    expect(status).toBe(0);
  },
);

test.each(['--version', '-V'])('%s tells the version of the package', async (word) => {
  const { status, stdout } = await virtstate(word);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  expect(status).toBe(0);
});

test.each([['--help'], ['migrate', '--help'], ['help', 'migrate']])(
  '%s %s goes to standard output and ends with 0',
  async (...words) => {
    const { status, stdout, stderr } = await virtstate(...words);
    expect(stdout).toContain('Usage: virtstate');
    expect(stderr).toBe('');
    expect(status).toBe(0);
  },
);

test('without a command: how to use it, and 2', async () => {
  const { status, stderr } = await virtstate();
  expect(stderr).toContain('Usage: virtstate');
  expect(status).toBe(2);
});

test('a Node that is too old is told so in one line', async () => {
  const root = join(import.meta.dirname, '..', '..', '..');
  const pretend = "Object.defineProperty(process, 'versions', { value: { node: '20.1.0' } })";
  const running = promisify(execFile)(process.execPath, [
    `--import=data:text/javascript,${encodeURIComponent(pretend)}`,
    join(root, 'bin/virtstate.js'),
    '--version',
  ]);
  await expect(running).rejects.toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'virtstate needs Node 22.13 or newer; this is 20.1.0\n',
  });
});

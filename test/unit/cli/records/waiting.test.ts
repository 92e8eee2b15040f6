import { expect, test } from 'vitest';

import { readLines } from '../spawned.ts';
import { between, Records, timeoutMs } from './on-record.ts';

test(
  'a domain has one run: a second one is refused, or queues, and begins when the first has ended',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    const { run, process } = await records.startBusy();
    const refused = await records.virtstate('migrate', 'busy', ...between, '--json');
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toMatch(
      new RegExp(
        `^virtstate: refused: domain busy .* held by run ${run} in the state perform3\\.precopying \\(pid ${process.process.pid}\\): --wait queues behind it; nothing was touched\\n$`,
      ),
    );

    const queued = records.start('migrate', 'busy', ...between, '--json', '--wait');
    await queued.untilPrinted('run.queued');
    expect(readLines(queued.printed)).toMatchObject([
      { type: 'run.queued', holders: [run], ahead: 0 },
    ]);
    process.process.kill('SIGINT');
    expect((await process.ended()).status).toBe(130);
    await queued.untilPrinted('perform3.precopying');
    queued.process.kill('SIGINT');
    const { status, stdout } = await queued.ended();
    expect(readLines(stdout).at(-1)).toMatchObject({ type: 'run.finished', outcome: 'rolledBack' });
    expect(status).toBe(130);
  },
);

test('Ctrl-C gives a place in the queue up: 130', { timeout: timeoutMs }, async () => {
  const records = new Records();
  await records.startBusy();
  const queued = records.start('migrate', 'busy', ...between, '--wait');
  await queued.untilPrinted('waiting for domain busy');
  queued.process.kill('SIGINT');
  const { status, stdout, stderr } = await queued.ended();
  expect(stdout).toMatch(/^waiting for domain busy .*; next in the queue \(Ctrl-C gives up\)\n$/);
  expect(stderr).toBe('virtstate: given up while it waited; nothing was touched\n');
  expect(status).toBe(130);
  expect((await records.virtstate('runs', '--json')).stdout.trimEnd().split('\n')).toHaveLength(1);
});

test(
  'what a killed process held is free only after recovery, and whoever is refused is told so',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    const run = await records.leaveBusy();
    const { status, stderr } = await records.virtstate('migrate', 'busy', ...between);
    expect(stderr).toContain(
      `(nobody: left to recover): virtstate recover ${run} takes that one up; nothing was touched`,
    );
    expect(status).toBe(2);
  },
);

import { expect, test } from 'vitest';

import { readLines } from '../spawned.ts';
import { between, Records, timeoutMs } from './on-record.ts';

test(
  'what the machine allows is taken, and shows in the run of another process',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    const { run, process } = await records.startBusy();
    const taken = await records.virtstate('send', run.slice(0, 8), 'downtime.set', '40');
    expect(taken).toMatchObject({ status: 0, stderr: '' });
    expect(taken.stdout).toBe(`taken: downtime.set 40, run ${run} (busy)\n`);
    await process.untilPrinted('settingDowntime');

    const refused = await records.virtstate('send', run, 'postcopy.start');
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toBe(
      `virtstate: not allowed: postcopy.start, run ${run} (busy), in the state perform3.precopying; allowed: abort, bandwidth.set, downtime.set, force.complete\n`,
    );
    const asLine = await records.virtstate('send', run, 'postcopy.giveUp', '--json');
    expect(readLines(asLine.stdout)).toMatchObject([
      {
        type: 'command',
        run,
        command: 'postcopy.giveUp',
        answer: 'notAllowed',
        state: 'perform3.precopying',
        allowed: ['abort', 'bandwidth.set', 'downtime.set', 'force.complete'],
      },
    ]);
    expect(asLine.status).toBe(2);
  },
);

test(
  'an abort from elsewhere waits for the rollback, which the run itself tells, too',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    const { run, process } = await records.startBusy();
    const { status, stdout, stderr } = await records.virtstate('abort', run.slice(0, 6));
    expect(stdout).toMatch(/^taken: abort, run .*; waiting for the end/);
    expect(stdout).toMatch(/\nundone: busy is as before\n$/);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const ended = await process.ended();
    expect(readLines(ended.stdout).at(-1)).toMatchObject({
      type: 'run.finished',
      outcome: 'rolledBack',
      failure: { code: 'abortRequested' },
      run,
    });
    expect(ended.status).toBe(130);

    const late = await records.virtstate('abort', run);
    expect(late.stderr).toBe(
      `virtstate: not taken: abort, run ${run} (busy): it has ended (rolledBack)\n`,
    );
    expect(late.status).toBe(2);
  },
);

test('--no-wait ends as soon as the run was told', { timeout: timeoutMs }, async () => {
  const records = new Records();
  const { run, process } = await records.startBusy();
  const { status, stdout } = await records.virtstate('abort', run, '--no-wait', '--json');
  expect(readLines(stdout)).toMatchObject([{ type: 'command', run, answer: 'taken' }]);
  expect(status).toBe(0);
  expect((await process.ended()).status).toBe(130);
});

test(
  'past the point of no return an abort is refused with what is allowed',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    const process = records.start('migrate', 'idle', ...between, '--json');
    await process.untilPrinted('"finish3"');
    const run = String(readLines(process.printed.split('\n')[0] ?? '')[0]?.['run']);
    const { status, stderr } = await records.virtstate('abort', run);
    expect(stderr).toMatch(/^virtstate: not (allowed|taken): abort, run /);
    expect(status).toBe(2);
    expect((await process.ended()).status).toBe(0);
  },
);

test(
  'a run that nobody drives takes nothing: recover is named, and nothing waits in its inbox',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    const run = await records.leaveBusy();
    const { status, stdout, stderr } = await records.virtstate('abort', run, '--json');
    expect(readLines(stdout)).toMatchObject([{ type: 'command', run, answer: 'notDriven' }]);
    expect(stderr).toMatch(
      new RegExp(
        `^virtstate: not sent: abort, run ${run} \\(busy\\): nobody: pid \\d+ is gone: virtstate recover ${run} takes it up\\n$`,
      ),
    );
    expect(status).toBe(2);
  },
);

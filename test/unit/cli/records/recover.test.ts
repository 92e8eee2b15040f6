import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';

import { readLines } from '../spawned.ts';
import { kill, linesOf, Records, timeoutMs } from './on-record.ts';

test(
  'what a killed process left is taken up where it stood and driven to its end',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    const run = await records.leaveBusy();
    const { status, stdout } = await records.virtstate('recover');
    const lines = linesOf(stdout);
    expect(lines[0]).toBe(
      `${run.slice(0, 8)} busy  busy: simulated:///hostA -> simulated:///hostB`,
    );
    // The world died with the process, so neither host knows of a migration.
    expect(stdout).toMatch(/peer2peerMigration is taken up in perform3\.precopying$/m);
    expect(stdout).toMatch(/ {2}rolled back after .* \(interrupted\)$/m);
    expect(stdout).toMatch(/ {4}source +simulated:\/\/\/hostA: running, persistent$/m);
    expect(status).toBe(1);
    expect(await records.summary(run)).toMatchObject({ outcome: 'rolledBack', holder: null });

    const again = await records.virtstate('recover');
    expect(again.stdout).toBe(`nothing to recover in ${records.path}\n`);
    expect(again.status).toBe(0);
    const named = await records.virtstate('recover', run);
    expect(named.stderr).toContain(`run ${run} (busy) has ended: rolledBack`);
    expect(named.status).toBe(2);
  },
);

test(
  'every line of --json says whose it is, and the last one sums up',
  async () => {
    const records = new Records();
    const run = await records.leaveBusy();
    const { status, stdout } = await records.virtstate('recover', run.slice(0, 9), '--json');
    const lines = readLines(stdout);
    expect(lines[0]).toMatchObject({
      type: 'run.resumed',
      run,
      domain: 'busy',
      to: 'simulated:///hostB',
    });
    expect(new Set(lines.slice(0, -1).map((line) => line['run']))).toEqual(new Set([run]));
    expect(lines.at(-2)).toMatchObject({ type: 'run.finished', outcome: 'rolledBack' });
    expect(lines.at(-1)).toMatchObject({
      type: 'recover.finished',
      recovered: 1,
      parked: 0,
      status: 1,
    });
    expect(status).toBe(1);
  },
  timeoutMs,
);

test(
  'a run that somebody drives is left to them: two engines never drive one',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    const { run, process } = await records.startBusy();
    const { pid } = process.process;
    const unnamed = await records.virtstate('recover');
    expect(unnamed.stderr).toBe(
      `virtstate: run ${run} (busy) is driven by pid ${pid}: left to it\n`,
    );
    expect(unnamed).toMatchObject({
      status: 0,
      stdout: `nothing to recover in ${records.path}\n`,
    });
    const named = await records.virtstate('recover', run);
    expect(named.stderr).toMatch(
      new RegExp(`^virtstate: run ${run} \\(busy\\) is driven by pid ${pid}, which lives; nothing`),
    );
    expect(named.status).toBe(2);

    await kill(process);
    const first = records.start('recover', '--json');
    await first.untilPrinted('run.resumed');
    // It keeps what it drives while it stands still, and would end too soon for the second one.
    first.process.kill('SIGSTOP');
    const second = await records.virtstate('recover', run);
    expect(second.stderr).toContain(`is driven by pid ${first.process.pid}, which lives`);
    expect(second.status).toBe(2);
    first.process.kill('SIGCONT');
    expect((await first.ended()).status).toBe(1);
  },
);

test(
  'Ctrl-C aborts what recover drives, a second one leaves it for the next',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    const run = await records.leaveBusy();
    const first = records.start('recover', '--json');
    await first.untilPrinted('run.resumed');
    first.process.kill('SIGINT');
    await first.untilPrinted('once more leaves it', 'stderr');
    // What npm passes on twice within one keypress does not count as a second one.
    await pause(100);
    first.process.kill('SIGINT');
    const left = await first.ended();
    expect(left.status).toBe(75);
    expect(left.stderr).toContain(`virtstate recover ${run} takes it up`);
    const lines = readLines(left.stdout);
    expect(lines.at(-2)).toMatchObject({ type: 'run.left', run });
    expect(lines.at(-1)).toMatchObject({ type: 'recover.finished', status: 75 });
    expect(await records.summary(run)).toMatchObject({ outcome: null, holder: null });
    expect((await records.virtstate('recover')).status).toBe(1);
  },
);

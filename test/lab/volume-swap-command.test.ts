import { expect, test } from 'vitest';

import { onHost } from '../../lab/host-namespace.ts';
import { expectOn, useSwapLab, volumes } from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';
import type { Ended } from '../unit/cli/spawned.ts';
import { newStorePlace, readLines, Spawned } from '../unit/cli/spawned.ts';

const place = (name: string): string => `${volumes}/${name}`;
const lastLine = ({ stdout }: Ended): unknown => readLines(stdout).at(-1);

describeLab('swap, confirm and undo, each a process on the host', () => {
  const stage = useSwapLab('swap-command');

  /** The files of a guest's disks are the host's, so it runs there. */
  function start(...words: readonly string[]): Spawned {
    const there = ['--wdns=/', ...onHost(stage.host.paths), process.execPath];
    return new Spawned(words, ['nsenter', ...there]);
  }
  const virtstate = (...words: readonly string[]): Promise<Ended> => start(...words).ended();
  const on = ['--on', 'qemu:///system'];
  const swapTo = (name: string, ...how: readonly string[]): string[] => {
    return ['swap', stage.guest.name, 'vda', '--to', place(name), '--create', ...on, ...how];
  };

  test('what is refused, and what is only judged, touches nothing', async () => {
    const [before] = await stage.places();
    const files = await stage.files();
    await stage.host.run('truncate', ['-s', '1M', place('small.raw')]);
    const small = ['--to', place('small.raw'), '--format', 'raw'];
    const refused = await virtstate('swap', stage.guest.name, 'vda', ...small, ...on);
    expect(refused.stderr).toMatch(
      /^virtstate: refused: .*small\.raw has 1048576 bytes, and disk vda \d+: .* \(destinationFits\); nothing was touched\n$/,
    );
    expect(refused.status).toBe(2);
    const judged = await virtstate(...swapTo('new.qcow2', '--dry-run'));
    expect(judged).toMatchObject({ status: 0, stderr: '' });
    expect(judged.stdout).toContain('nothing speaks against it');
    await stage.remove('small.raw');
    expect(await stage.files()).toEqual(files);
    await expectOn(stage, before ?? '');
  });

  test('a guest ticks on with its new volume, and a rate and the time left are told', async () => {
    const ended = await virtstate(...swapTo('first.qcow2', '--bandwidth', '32', '--json'));
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(lastLine(ended)).toMatchObject({
      type: 'run.finished',
      outcome: 'completed',
      swapped: [{ targetDev: 'vda', volume: place('first.qcow2') }],
    });
    const rates = readLines(ended.stdout).map(({ bytesPerS }) => bytesPerS);
    expect(rates.some((rate) => typeof rate === 'number' && rate > 0)).toBe(true);
    await expectOn(stage, place('first.qcow2'));
  });

  test('Ctrl-C while it is copied leaves the guest where it is: 130', async () => {
    const files = await stage.files();
    const run = start(...swapTo('never.qcow2', '--bandwidth', '1'));
    await run.untilPrinted('awaitingReady.waiting');
    run.process.kill('SIGINT');
    const { status, stdout, stderr } = await run.ended();
    expect(stderr).toContain('asked to abort; waiting for the rollback');
    expect(stdout).toContain('(abortRequested)');
    expect(status).toBe(130);
    expect(await stage.files()).toEqual(files);
    await expectOn(stage, place('first.qcow2'));
  });

  /** The guest is on that volume, and its run waits on record. */
  async function keepBoth(name: string, store: readonly string[]): Promise<string> {
    const ended = await virtstate(...swapTo(name, '--keep-old', '--json', ...store));
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    const { run, type } = readLines(ended.stdout).at(-1) ?? {};
    expect(type).toBe('run.waiting');
    expect(await stage.places()).toEqual([place(name), place(name)]);
    return String(run);
  }

  test('a swap that waits is kept by confirm, and others keep off until then', async () => {
    const store = ['--store', newStorePlace()];
    const run = await keepBoth('second.qcow2', store);
    const other = await virtstate(...swapTo('third.qcow2'));
    expect(other.stderr).toContain(`is claimed by run ${run}`);
    expect(other.status).toBe(2);
    const ended = await virtstate('confirm', run, '--json', ...store);
    expect(lastLine(ended)).toMatchObject({ outcome: 'completed', run });
    expect(ended.status).toBe(0);
    await expectOn(stage, place('second.qcow2'));
    expect(await stage.files()).toContain('first.qcow2');
  });

  test('undo brings it back with all that the guest wrote, and what was made goes', async () => {
    const store = ['--store', newStorePlace()];
    const run = await keepBoth('fourth.qcow2', store);
    const ended = await virtstate('undo', run, ...store);
    expect(ended.stdout).toContain(`undone: ${stage.guest.name} is on its old volumes`);
    expect(ended.status).toBe(0);
    await expectOn(stage, place('second.qcow2'));
    expect(await stage.files()).not.toContain('fourth.qcow2');
  });
});

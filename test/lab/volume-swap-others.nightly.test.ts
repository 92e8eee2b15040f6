import { afterEach, expect, test } from 'vitest';

import type { DiskChain } from '../../src/ports/block-jobs.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import {
  expectOn,
  fileImage,
  onceIn,
  recoverGuest,
  slowly,
  useSwapLab,
  volumes,
} from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';

/** Says of a copy that it is in step before it is. */
const early = (isEarly: () => boolean, answers: unknown[]) =>
  hooked({
    findChains: async (call) => {
      const chains = (await call()) as readonly DiskChain[];
      if (!isEarly()) return chains;
      return chains.map(({ mirror, ...chain }) => ({
        ...chain,
        mirror: mirror === null ? null : { ...mirror, ready: true },
      }));
    },
    endBlockJob: async (call) => {
      try {
        const answer = await call();
        answers.push('ended');
        return answer;
      } catch (error) {
        answers.push(error);
        throw error;
      }
    },
  });

describeLab('a swap, and others at the same disk', () => {
  const stage = useSwapLab('swap-others');

  afterEach(() => recoverGuest(stage));

  const virsh = (...words: string[]): Promise<string> => stage.host.virsh(words);
  const beginOther = (): Promise<string> => {
    const to = ['--dest', `${volumes}/other.qcow2`, '--format', 'qcow2'];
    return virsh(
      'blockcopy',
      stage.guest.name,
      'vda',
      ...to,
      '--transient-job',
      '--bandwidth',
      '1',
    );
  };

  test('leaves a copy alone that somebody else began a moment before', async () => {
    const { guest } = stage;
    const [before] = await stage.places();
    const output = await stage.swap(fileImage('late.qcow2'), {
      through: hooked({
        copyBlock: async (call) => {
          await beginOther();
          return call();
        },
      }),
    });
    stage.note('copying.beginning', "somebody else's copy", output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'blockJobActive' } });
    expect(output).toMatchObject({ artefacts: [], swapped: [] });
    expect(await stage.files()).not.toContain('late.qcow2');
    // It goes on, and a swap that comes now touches nothing at all.
    const refused = await stage.swap(fileImage('later.qcow2'));
    expect(refused).toMatchObject({ outcome: 'refused', failure: { code: 'noBlockJob' } });
    expect(await virsh('blockjob', guest.name, 'vda', '--raw')).toContain('type=Block Copy');
    await virsh('blockjob', guest.name, 'vda', '--abort');
    await stage.remove('other.qcow2');
    await expectOn(stage, before ?? '');
  }, 60_000);

  test('gives up where somebody else ends its copy', async () => {
    const [before] = await stage.places();
    const output = await stage.swap(fileImage('ended.qcow2'), {
      input: slowly,
      ...onceIn('awaitingReady.waiting', () =>
        virsh('blockjob', stage.guest.name, 'vda', '--abort'),
      ),
    });
    stage.note('copying.awaitingReady', 'somebody else ends the copy', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'copyLost' } });
    expect(output).toMatchObject({ artefacts: [], swapped: [] });
    expect(await stage.files()).not.toContain('ended.qcow2');
    await expectOn(stage, before ?? '');
  }, 60_000);

  test('goes forward where somebody else has the guest go on with its copy', async () => {
    let isPivoted = false;
    const output = await stage.swap(fileImage('pivoted.qcow2'), {
      through: hooked({
        endBlockJob: async (call) => {
          if (!isPivoted) await virsh('blockjob', stage.guest.name, 'vda', '--pivot');
          isPivoted = true;
          return call();
        },
      }),
    });
    stage.note('pivoting.asking', 'somebody else pivots', output);
    expect(isPivoted).toBe(true);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await stage.powerCycle();
    await expectOn(stage, `${volumes}/pivoted.qcow2`);
  }, 60_000);

  test('asks again for a pivot that was refused because it came too early', async () => {
    const answers: unknown[] = [];
    const output = await stage.swap(fileImage('early.qcow2'), {
      input: { bandwidthMibPerS: 8, stallMs: 200 },
      through: early(() => answers.length === 0, answers),
    });
    stage.note('pivoting.asking', 'refused: not in step, once', output);
    expect(answers).toMatchObject([{ failure: { code: 'notReady', effect: 'none' } }, 'ended']);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await expectOn(stage, `${volumes}/early.qcow2`);
  }, 60_000);

  test('gives up where the pivot is refused again and again', async () => {
    const [before] = await stage.places();
    const answers: unknown[] = [];
    let isCancelled = false;
    const output = await stage.swap(fileImage('never.qcow2'), {
      input: { ...slowly, stallMs: 200, peerWaitMs: 5_000 },
      through: early(() => !isCancelled, answers),
      onState: (state) => {
        if (state.includes('cancelling')) isCancelled = true;
      },
    });
    stage.note('pivoting.asking', 'refused: not in step, for ever', output);
    expect(answers.length).toBeGreaterThan(2);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'pivotRefused' } });
    expect(output).toMatchObject({ artefacts: [], swapped: [] });
    expect(await stage.files()).not.toContain('never.qcow2');
    await expectOn(stage, before ?? '');
  }, 60_000);
});

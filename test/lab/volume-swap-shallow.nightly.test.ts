import { afterEach, expect, test } from 'vitest';

import {
  expectOn,
  fileImage,
  recoverGuest,
  slowly,
  useSwapLab,
  volumes,
} from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';

const shallow = { shallow: true } as const;

describeLab('a shallow swap of a guest on an overlay', () => {
  const stage = useSwapLab('swap-shallow');

  afterEach(() => recoverGuest(stage));

  const img = (...words: string[]): Promise<string> => stage.host.run('qemu-img', words);
  const overlay = (name: string, base: string): Promise<string> =>
    img('create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', `${volumes}/${name}`);
  const backingOf = async (name: string): Promise<unknown> => {
    const words = ['info', '-U', '--output=json', '-f', 'qcow2', `${volumes}/${name}`];
    return (JSON.parse(await img(...words)) as Record<string, unknown>)['backing-filename'];
  };

  /** What the guest is on becomes a base that nobody writes to any more. */
  async function newLayer(name: string): Promise<{ base: string; sum: string }> {
    const { guest, host } = stage;
    const [base = ''] = await stage.places();
    const to = ['--diskspec', `vda,file=${volumes}/${name}`];
    await host.virsh(['snapshot-create-as', guest.name, '--disk-only', '--no-metadata', ...to]);
    return { base, sum: await stage.checksum(base) };
  }

  test('copies the top layer alone, into an overlay that it makes over the same base', async () => {
    const { base, sum } = await newLayer('top.qcow2');
    const output = await stage.swap(fileImage('made.qcow2'), { input: shallow });
    stage.note('completed', 'none, shallow, made', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(output.swapped).toMatchObject([{ oldVolume: `${volumes}/top.qcow2` }]);
    expect(await backingOf('made.qcow2')).toBe(base);
    const old = await stage.checksum(`${volumes}/top.qcow2`);
    await stage.powerCycle();
    await expectOn(stage, `${volumes}/made.qcow2`);
    expect(await stage.checksum(base)).toBe(sum);
    expect(await stage.checksum(`${volumes}/top.qcow2`)).toBe(old);
  }, 120_000);

  test('takes an overlay that stands over that base, and none over another', async () => {
    const { base, sum } = await newLayer('second.qcow2');
    await img('create', '-q', '-f', 'qcow2', `${volumes}/alien.qcow2`, '64M');
    await overlay('wrong.qcow2', `${volumes}/alien.qcow2`);
    await overlay('right.qcow2', base);
    const given = { input: shallow, order: { create: false } };
    const refused = await stage.swap(fileImage('wrong.qcow2'), given);
    expect(refused).toMatchObject({ outcome: 'refused', failure: { code: 'destinationFits' } });
    const output = await stage.swap(fileImage('right.qcow2'), given);
    stage.note('completed', 'none, shallow, prepared', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await stage.powerCycle();
    await expectOn(stage, `${volumes}/right.qcow2`);
    expect(await backingOf('right.qcow2')).toBe(base);
    expect(await stage.checksum(base)).toBe(sum);
  }, 120_000);

  test('that is called off leaves base and overlay as they are', async () => {
    const [before] = await stage.places();
    const output = await stage.swap(fileImage('aborted.qcow2'), {
      input: { ...shallow, ...slowly },
      onState: (state, abort) => {
        if (state.endsWith('awaitingReady.waiting')) abort();
      },
    });
    stage.note('copying.awaitingReady', 'aborted, shallow', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
    expect(await stage.files()).not.toContain('aborted.qcow2');
    await expectOn(stage, before ?? '');
  }, 60_000);

  test('leaves an old volume that another image lies on, however it is asked', async () => {
    await newLayer('layer.qcow2');
    await overlay('upon.qcow2', `${volumes}/layer.qcow2`);
    const output = await stage.swap(fileImage('beside.qcow2'), {
      input: { ...shallow, oldVolume: 'delete' },
    });
    stage.note('removing.unlinking', 'something lies on the old volume', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(output.notes.join()).toMatch(/layer\.qcow2 was not removed/);
    expect(await stage.files()).toContain('layer.qcow2');
    await expectOn(stage, `${volumes}/beside.qcow2`);
  }, 60_000);

  test('and one that is not takes everything along', async () => {
    const output = await stage.swap(fileImage('whole.qcow2'));
    stage.note('completed', 'none, of a chain', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    expect(await backingOf('whole.qcow2')).toBeUndefined();
    await stage.powerCycle();
    await expectOn(stage, `${volumes}/whole.qcow2`);
  }, 120_000);
});

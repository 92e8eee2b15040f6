import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeAll, expect, test } from 'vitest';

import type { LabCeph } from '../../lab/index.ts';
import type { DiskImage } from '../../src/ports/disk-source.ts';
import { SharedMemory } from '../../src/store/memory/index.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import type { Witness } from '../support/lab-runs.ts';
import {
  expectOn,
  fileImage,
  recoverGuest,
  slowly,
  useSwapLab,
  volumes,
} from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';

const existing = { create: false };
const vncPassword = 'guarded';

const vda = /<disk [^]*?<\/disk>\n/;
const plain = (xml: string): string => xml.replace(/ *<(?:backingStore|metadata)\/>\n/g, '');

function newWitness(): { witness: Witness; heard: () => string } {
  const memory = new SharedMemory();
  const said: unknown[] = [];
  const say = (...words: unknown[]): void => void said.push(words);
  const log = { debug: say, info: say, warn: say, error: say };
  const all = { depth: Infinity, maxArrayLength: null, maxStringLength: null };
  return { witness: { memory, log }, heard: () => inspect({ memory, said }, all) };
}

describeLab('a swap to RBD', () => {
  const stage = useSwapLab('swap-rbd');
  const secretUuid = randomUUID();
  let ceph: LabCeph | null = null;
  const cluster = (): LabCeph => {
    if (ceph === null) throw new Error('the cluster is not up yet');
    return ceph;
  };

  beforeAll(async () => {
    const { host, lab } = stage;
    ceph = await host.startCeph();
    const [xml, key] = ['secret.xml', 'key'].map((name) => join(lab.paths.dir, name));
    if (xml === undefined || key === undefined) throw new Error('two names are two paths');
    const usage = `<usage type='ceph'><name>client.${ceph.user}</name></usage>`;
    await writeFile(xml, `<secret private='yes'><uuid>${secretUuid}</uuid>${usage}</secret>`);
    await writeFile(key, ceph.key);
    await host.virsh(['secret-define', xml]);
    await host.virsh(['secret-set-value', secretUuid, '--file', key]);
    await guard();
  }, 120_000);

  afterEach(() => recoverGuest(stage));

  /** A password in the definition, which only whoever may read secrets sees. */
  async function guard(): Promise<void> {
    const { guest, host, lab } = stage;
    const file = join(lab.paths.dir, 'guarded.xml');
    const graphics = `<graphics type='vnc' autoport='yes' passwd='${vncPassword}'/>`;
    await writeFile(file, (await stage.definition()).replace('<video>', `${graphics}<video>`));
    await host.virsh(['define', file]);
    await stage.powerCycle();
    expect(await host.virsh(['dumpxml', guest.name])).not.toContain(vncPassword);
  }

  const rbd = (...words: string[]): Promise<string> =>
    stage.host.run('rbd', ['--id', cluster().user, ...words]);

  async function newImage(name: string, size = '64M'): Promise<DiskImage> {
    const { monitor, pool, user } = cluster();
    const image = `${pool}/${name}`;
    await rbd('create', '--size', size, image);
    const monitors = [{ transport: 'tcp', ...monitor }] as const;
    const source = {
      kind: 'rbd',
      image,
      monitors,
      auth: { user, secretUuid },
      configPath: null,
    } as const;
    return { source, format: 'raw' };
  }

  const places = (name: string): string => `${cluster().pool}/${name}`;

  function expectDiscreet(heard: string): void {
    // What it was about stands there, and so would what must not.
    expect(heard).toContain(secretUuid);
    expect(heard).not.toContain(cluster().key);
    expect(heard).not.toContain(vncPassword);
  }

  test('of a guest that runs, and back', async () => {
    const before = plain(await stage.definition());
    expect(before).toContain(vncPassword);
    const image = await newImage('disk');
    const { heard, witness } = newWitness();
    const output = await stage.swap(image, { order: existing, witness });
    stage.note('completed', 'none, to RBD', output);
    expect(output).toMatchObject({
      outcome: 'completed',
      failure: null,
      swapped: [{ volume: `rbd:${places('disk')}`, oldVolume: stage.guest.disk }],
    });
    expectDiscreet(heard());
    const there = plain(await stage.definition());
    expect(there.replace(vda, '')).toBe(before.replace(vda, ''));
    const [disk] = vda.exec(there) ?? [];
    expect(disk).toMatch(/<auth username='libvirt'>\s*<secret type='ceph' uuid='/);
    expect(disk).toContain(secretUuid);
    await stage.powerCycle();
    await expectOn(stage, places('disk'));

    const back = await stage.swap(fileImage('from-rbd.qcow2'));
    expect(back).toMatchObject({ outcome: 'completed', failure: null });
    const again = plain(await stage.definition());
    expect(again).toBe(before.replace(stage.guest.disk, `${volumes}/from-rbd.qcow2`));
    await stage.powerCycle();
    await expectOn(stage, `${volumes}/from-rbd.qcow2`);
  }, 180_000);

  test('of a guest that is off, and back', async () => {
    const before = plain(await stage.definition());
    const image = await newImage('offline');
    const { heard, witness } = newWitness();
    await stage.powerCycle(async () => {
      const output = await stage.swap(image, { order: existing, witness });
      stage.note('completed', 'none, to RBD, offline', output);
      expect(output).toMatchObject({ outcome: 'completed', failure: null });
    });
    expectDiscreet(heard());
    await expectOn(stage, places('offline'));
    const there = plain(await stage.definition());
    expect(there.replace(vda, '')).toBe(before.replace(vda, ''));
    expect(vda.exec(there)?.[0]).toContain(secretUuid);
    await stage.powerCycle(async () => {
      const output = await stage.swap(fileImage('offline-back.qcow2'));
      stage.note('completed', 'none, from RBD, offline', output);
      expect(output).toMatchObject({ outcome: 'completed', failure: null });
    });
    await expectOn(stage, `${volumes}/offline-back.qcow2`);
    const again = plain(await stage.definition());
    expect(again.replace(vda, '')).toBe(before.replace(vda, ''));
    expect(vda.exec(again)?.[0]).not.toContain('auth');
  }, 180_000);

  test('that is called off leaves the guest on its file, and the image as it was made', async () => {
    const [before] = await stage.places();
    const output = await stage.swap(await newImage('aborted'), {
      order: existing,
      input: slowly,
      onState: (state, abort) => {
        if (state.endsWith('awaitingReady.waiting')) abort();
      },
    });
    stage.note('copying.awaitingReady', 'aborted, to RBD', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
    await expectOn(stage, before ?? '');
    expect(await rbd('status', places('aborted'))).toContain('Watchers: none');
    await rbd('rm', '--no-progress', places('aborted'));
  }, 60_000);

  test('whose answer to the pivot is lost is asked of QEMU itself', async () => {
    const { host } = stage;
    let ended: Promise<void> | null = null;
    const killAndStart = async (): Promise<void> => {
      await host.kill();
      await host.start();
    };
    const output = await stage.swap(await newImage('doubted'), {
      order: existing,
      through: hooked({
        endBlockJob: async (call) => {
          ended ??= killAndStart();
          return call();
        },
      }),
      onState: () => ended ?? undefined,
    });
    stage.note('pivoting.asking', 'libvirtd is killed, to RBD', output);
    expect(ended).not.toBeNull();
    // Two volumes without locks: who has which is never guessed.
    expect(output.outcome).toMatch(/^(completed|needsOperator|rolledBack)$/);
    const info = await rbd('status', places('doubted'));
    if (output.outcome === 'completed') await expectOn(stage, places('doubted'));
    else if (output.outcome === 'rolledBack') expect(info).toContain('Watchers: none');
    else expect(output.failure?.code).toMatch(/^(guestUnseen|volumeUnknown)$/);
  }, 120_000);

  test('is refused where the image is too small, in use or not there', async () => {
    const small = await newImage('small', '32M');
    const refused = { outcome: 'refused', swapped: [] };
    const first = await stage.swap(small, { order: existing });
    expect(first).toMatchObject({ ...refused, failure: { code: 'destinationFits' } });
    const missing = { ...small.source, image: places('missing') };
    const second = await stage.swap({ source: missing, format: 'raw' }, { order: existing });
    expect(second).toMatchObject({ ...refused, failure: { code: 'destinationThere' } });
    const third = await stage.swap(await newImage('made'), { order: { create: true } });
    expect(third).toMatchObject({ ...refused, failure: { code: 'destinationThere' } });
  }, 60_000);
});

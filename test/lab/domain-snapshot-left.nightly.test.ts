import { describe, expect, test } from 'vitest';

import { hooked } from '../support/hooked-hypervisors.ts';
import { diskDirectory, useDomainSnapshotLab } from '../support/lab-domain-snapshot.ts';
import { expectTicking } from '../support/lab-runs.ts';
import { describeLab } from '../support/needs.ts';
import { FailureError } from '../../src/ports/failure.ts';

describe.each(['hostA', 'hostC'] as const)('on %s', (on) => {
  describeLab('an overlay that a daemon left with QEMU before the guest went on to it', () => {
    const stage = useDomainSnapshotLab(`domain-left-${on.toLowerCase()}`, on);

    const monitor = async (execute: string, given: object = {}): Promise<unknown> => {
      const command = JSON.stringify({ execute, arguments: given });
      const answer = await stage.host.virsh(['qemu-monitor-command', stage.guest.name, command]);
      const { error, return: returned } = Object(JSON.parse(answer));
      expect(error, answer).toBeUndefined();
      return returned;
    };

    const nodeNames = async (): Promise<readonly string[]> => {
      const nodes = (await monitor('query-named-block-nodes', { flat: true })) as readonly object[];
      return nodes.map((node) => String(Object(node)['node-name']));
    };

    /** What libvirt calls the next file that it opens: the one after the highest that QEMU has. */
    const nextNumber = async (): Promise<number> => {
      const numbers = (await nodeNames()).map((name) => /^libvirt-(\d+)-/.exec(name)?.[1] ?? 0);
      return Math.max(...numbers.map(Number)) + 1;
    };

    /** As libvirt asks for it, word for word, up to the moment of its death. */
    const openAlone = async (overlay: string, kinds: readonly string[]): Promise<string[]> => {
      const { disks } = await stage.picture();
      const about = ['-f', 'qcow2', '-u', '-b', disks['vda'] ?? '', '-F', 'qcow2'];
      await stage.host.run('qemu-img', ['create', '-q', ...about, overlay, '64M']);
      const number = await nextNumber();
      const [storage, format] = [`libvirt-${number}-storage`, `libvirt-${number}-format`];
      const rules = { 'auto-read-only': true, discard: 'unmap' };
      const file = { driver: 'file', filename: overlay, 'node-name': storage, ...rules };
      await monitor('blockdev-add', file);
      const image = { driver: 'qcow2', 'node-name': format, file: storage, backing: null };
      if (kinds.includes('format')) await monitor('blockdev-add', image);
      await stage.host.kill();
      await stage.host.start();
      return [storage, format].slice(0, kinds.length);
    };

    const killedBehind = (overlay: string, kinds: readonly string[], left: string[]) =>
      hooked({
        createSnapshot: async () => {
          left.push(...(await openAlone(overlay, kinds)));
          expect(await nodeNames()).toEqual(expect.arrayContaining(left));
          const message = 'the daemon was killed before the transaction';
          throw new FailureError({ code: 'connectionLost', message, effect: 'unknown' });
        },
      });

    test.each([[['storage']], [['storage', 'format']]])(
      'goes with its nodes: %s',
      { timeout: 120_000 },
      async (kinds) => {
        const before = await stage.picture();
        const overlay = `${diskDirectory}/guest.${kinds.join('-')}`;
        const left: string[] = [];
        const output = await stage.snapshot({
          input: { name: 'left', disks: [{ targetDev: 'vda', overlayPath: overlay }] },
          through: killedBehind(overlay, kinds, left),
        });
        stage.note('creating.disksAlone', `libvirtd killed, left: ${kinds.join(', ')}`, output);
        expect(output).toMatchObject({
          outcome: 'rolledBack',
          failure: { code: 'connectionLost' },
          snapshot: null,
          artefacts: [],
          notes: [],
        });
        expect(left).toHaveLength(kinds.length);
        expect(await nodeNames()).not.toEqual(expect.arrayContaining(left.slice(0, 1)));
        expect(await stage.picture()).toEqual(before);
        await expectTicking(stage);
        // libvirt gives the very names that were left.
        const next = await stage.snapshot({ input: { name: `next-${kinds.length}` } });
        expect(next).toMatchObject({ outcome: 'completed', failure: null });
        expect(await nodeNames()).toEqual(expect.arrayContaining(left));
        await expectTicking(stage);
      },
    );

    test('stays where something else of QEMU uses it, and goes as it was told then', async () => {
      const before = await stage.picture();
      const overlay = `${diskDirectory}/guest.held`;
      const left: string[] = [];
      const holder = { driver: 'qcow2', 'node-name': 'holder', backing: null };
      const output = await stage.snapshot({
        input: { name: 'held', disks: [{ targetDev: 'vda', overlayPath: overlay }] },
        through: hooked({
          createSnapshot: async () => {
            left.push(...(await openAlone(overlay, ['storage'])));
            await monitor('blockdev-add', { ...holder, file: left[0] });
            // By its name alone it would not be kept.
            await monitor('nbd-server-start', {
              addr: { type: 'unix', data: { path: `${diskDirectory}/nbd` } },
            });
            await monitor('block-export-add', { type: 'nbd', id: 'kept', 'node-name': 'holder' });
            const message = 'the daemon was killed before the transaction';
            throw new FailureError({ code: 'connectionLost', message, effect: 'unknown' });
          },
        }),
      });
      stage.note('tidying', 'QEMU does not let go of the overlay', output);
      expect(output).toMatchObject({
        outcome: 'rolledBack',
        artefacts: [{ kind: 'overlay', path: overlay, status: 'left' }],
        notes: [
          expect.stringContaining(`holder, ${left[0]}`),
          expect.stringContaining('"node-name":"holder"'),
          expect.stringContaining(`"node-name":"${left[0]}"`),
          `rm ${overlay}`,
        ],
      });
      expect((await stage.picture()).files).toContain('guest.held');
      await expectTicking(stage);
      await monitor('nbd-server-stop');
      for (const line of output.notes.slice(1))
        expect(await stage.host.run('sh', ['-c', line])).not.toContain('"error"');
      const { files } = await stage.picture();
      expect(files.filter((file) => file !== 'nbd')).toEqual(before.files);
      await expectTicking(stage);
    }, 120_000);
  });
});

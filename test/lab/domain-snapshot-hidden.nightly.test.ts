import { expect, test } from 'vitest';

import { commandsIn, doAsTold } from '../support/as-told.ts';
import { hooked } from '../support/hooked-hypervisors.ts';
import { diskDirectory, useDomainSnapshotLab } from '../support/lab-domain-snapshot.ts';
import { expectTicking } from '../support/lab-runs.ts';
import { describeLab } from '../support/needs.ts';
import { FailureError } from '../../src/ports/failure.ts';

describeLab('an overlay that only QEMU knows of', () => {
  const stage = useDomainSnapshotLab('domain-hidden');
  const overlay = `${diskDirectory}/guest.hidden`;

  const monitor = async (execute: string, given: object): Promise<unknown> => {
    const command = JSON.stringify({ execute, arguments: given });
    const answer = await stage.host.virsh(['qemu-monitor-command', stage.guest.name, command]);
    return Object(JSON.parse(answer)).return;
  };

  /** As libvirt asks for it, word for word, but libvirt knows nothing of it. */
  const takeBehindItsBack = async (base: string): Promise<never> => {
    const { host } = stage;
    const about = ['-f', 'qcow2', '-u', '-b', base, '-F', 'qcow2'];
    await host.run('qemu-img', ['create', '-q', ...about, overlay, '64M']);
    const disks = (await monitor('query-block', {})) as readonly object[];
    const [top] = disks
      .map((disk) => Object(disk).inserted)
      .filter((inserted) => inserted?.file === base);
    const [storage, format] = ['libvirt-99-storage', 'libvirt-99-format'];
    await monitor('blockdev-add', { driver: 'file', filename: overlay, 'node-name': storage });
    const node = { driver: 'qcow2', 'node-name': format, file: storage, backing: null };
    await monitor('blockdev-add', node);
    const snapshot = {
      type: 'blockdev-snapshot',
      data: { node: top['node-name'], overlay: format },
    };
    await monitor('transaction', { actions: [snapshot] });
    const message = 'the daemon was killed behind the transaction';
    throw new FailureError({ code: 'connectionLost', message, effect: 'unknown' });
  };

  test('is merged by the commands that an operator is told', async () => {
    const { host } = stage;
    const before = await stage.picture();
    const base = before.disks['vda'] ?? '';
    const { failure, outcome } = await stage.snapshot({
      input: { name: 'hidden', disks: [{ targetDev: 'vda', overlayPath: overlay }] },
      through: hooked({ createSnapshot: () => takeBehindItsBack(base) }),
    });
    stage.note('looking', 'an overlay that only QEMU knows of', { outcome });
    expect(failure).toMatchObject({ code: 'overlayUnknown' });
    if (failure === null) throw new Error('nobody was told anything');
    expect(commandsIn(failure)).toHaveLength(6);
    await expectTicking(stage);
    await doAsTold(host, failure);
    expect(JSON.stringify(await monitor('query-named-block-nodes', {}))).not.toContain('hidden');
    await stage.releaseClaims();
    expect(await stage.picture()).toEqual(before);
    await expectTicking(stage);
    // libvirt's own works on it as on any other.
    const next = await stage.snapshot({ input: { name: 'next' } });
    expect(next).toMatchObject({ outcome: 'completed' });
  }, 120_000);
});

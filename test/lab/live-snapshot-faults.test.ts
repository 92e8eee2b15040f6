import { expect, test } from 'vitest';

import { hooked } from '../support/hooked-hypervisors.ts';
import {
  expectUnharmed,
  freezeStatus,
  snapshotDirectory,
  useSnapshotLab,
} from '../support/lab-snapshot.ts';
import { describeLab } from '../support/needs.ts';

/** Takes a minute for the disk: whatever happens meanwhile, happens in the copy. */
const slowly = { bandwidthMibPerS: 1 };

describeLab('a live snapshot that fails leaves the guest as it was:', () => {
  const stage = useSnapshotLab('live-faults', 'hostA', { fill: '48M' });

  test('an agent that hangs at the freeze, which is required', async () => {
    const { guest, lab } = stage;
    await lab.tellGuest(guest.name, { kind: 'hang-freeze', seconds: 4 });
    const snapshot = stage.snapshot({ input: { quiesce: 'required', freezeTimeoutMs: 1_000 } });
    const output = await snapshot.end();
    await lab.tellGuest(guest.name, { kind: 'hang-freeze', seconds: 0 });
    stage.note('quiescing.freezing', 'agent hangs at the freeze', output);
    expect(output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'agentTimeout' },
      images: [],
      artefacts: [],
    });
    await expectUnharmed(stage);
    expect(await freezeStatus(stage)).toBe('thawed');
  }, 90_000);

  test('somebody else copies the disk: theirs goes on', async () => {
    const { guest, host } = stage;
    const theirs = ['blockcopy', guest.name, 'vda', '/var/lib/libvirt/images/theirs.qcow2'];
    await host.virsh([...theirs, '--format', 'qcow2', '--transient-job', '--bandwidth', '1']);
    const output = await stage.snapshot().end();
    stage.note('checking', 'a copy of somebody else’s', output);
    expect(output).toMatchObject({ outcome: 'refused', failure: { code: 'noBlockJob' } });
    const stillThere = await host.virsh(['dumpxml', guest.name]);
    await host.virsh(['blockjob', guest.name, 'vda', '--abort']);
    expect(stillThere).toMatch(/<mirror [^>]*theirs\.qcow2/);
    await host.run('rm', ['/var/lib/libvirt/images/theirs.qcow2']);
    await expectUnharmed(stage);
  }, 60_000);

  test('the place that the copy goes to is full', async () => {
    const small = `${snapshotDirectory}/small`;
    await stage.host.run('mkdir', ['-p', small]);
    await stage.host.run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', small]);
    // The check beforehand would see it.
    const roomy = hooked({ availableBytes: () => Promise.resolve(2 ** 40) });
    const snapshot = stage.snapshot({ input: { directory: small }, through: roomy });
    const output = await snapshot.end();
    const left = await stage.host.run('ls', ['-A', small]);
    await stage.host.run('umount', [small]);
    await stage.host.run('rmdir', [small]);
    stage.note('copying.awaitingReady', 'the target is full', output);
    expect(output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'copyLost' },
      artefacts: [],
    });
    expect(left).toBe('');
    await expectUnharmed(stage);
  }, 60_000);

  test('our process dies while the guest is frozen: whoever goes on thaws it first', async () => {
    const output = await stage.killedIn('working.ending', {}, async () => {
      expect(await freezeStatus(stage)).toBe('frozen');
    });
    stage.note('ending', 'our process dies', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    await expectUnharmed(stage);
    expect(await freezeStatus(stage)).toBe('thawed');
  }, 90_000);

  test('libvirtd is killed while it copies: the copy goes on, and becomes an image', async () => {
    const { host } = stage;
    const snapshot = stage.snapshot({ input: { bandwidthMibPerS: 16 } });
    await snapshot.entered('awaitingReady.waiting');
    await host.kill();
    await snapshot.entered('asking.silent');
    await host.start();
    const output = await snapshot.end();
    stage.note('copying.awaitingReady', 'SIGKILL of libvirtd', output);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await host.run('rm', [`${snapshotDirectory}/image.qcow2`]);
    await expectUnharmed(stage);
  }, 90_000);

  test('the guest shuts down from inside while it is copied', async () => {
    const { guest, host, lab } = stage;
    const snapshot = stage.snapshot({ input: slowly });
    await snapshot.entered('awaitingReady.waiting');
    // It is gone before it could answer.
    await lab.tellGuest(guest.name, { kind: 'poweroff' }).catch(() => undefined);
    const output = await snapshot.end();
    stage.note('copying.awaitingReady', 'the guest shuts down', output);
    expect(output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'guestStopped' },
      artefacts: [],
    });
    const { domains } = await host.listing();
    expect(domains).toMatchObject([{ name: guest.name, state: 'shut off', persistent: true }]);
    expect(await stage.images()).toEqual([]);
  }, 60_000);
});

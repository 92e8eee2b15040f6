import { afterEach, expect, test } from 'vitest';

import { hooked } from '../support/hooked-hypervisors.ts';
import {
  expectUnharmed,
  freezeStatus,
  snapshotDirectory,
  useSnapshotLab,
} from '../support/lab-snapshot.ts';
import { describeLab } from '../support/needs.ts';
import { tickOnImage } from '../support/second-guest.ts';

describeLab('a live snapshot with libvirt 9.0', () => {
  const stage = useSnapshotLab('live-more', 'hostA', { fill: '16M', extraDisk: '16M' });
  afterEach(() => stage.host.run('sh', ['-c', `rm -f ${snapshotDirectory}/*`]));

  test.each(['raw', 'vmdk', 'qcow2'])(
    'of two disks is of one moment, in format %s, and boots',
    async (format) => {
      const { guest, host, lab } = stage;
      const input = { disks: ['vda', 'vdb'], format, compress: format === 'qcow2' };
      const output = await stage.snapshot({ input }).end();
      expect(output).toMatchObject({
        outcome: 'completed',
        images: [
          { targetDev: 'vda', format },
          { targetDev: 'vdb', format },
        ],
      });
      await expectUnharmed(stage, ['image-vda.qcow2', 'image-vdb.qcow2']);
      const [image] = output.images;
      if (image === undefined) throw new Error('there is no image');
      expect(await tickOnImage(lab, host, guest, image)).toBeGreaterThan(0);
    },
    180_000,
  );

  test('thaws a guest whose agent hangs at the thaw', async () => {
    const { guest, lab } = stage;
    await lab.tellGuest(guest.name, { kind: 'hang-thaw', seconds: 4 });
    const output = await stage.snapshot({ input: { freezeTimeoutMs: 1_000 } }).end();
    await lab.tellGuest(guest.name, { kind: 'hang-thaw', seconds: 0 });
    stage.note('thawing', 'agent hangs at the thaw', output);
    expect(output).toMatchObject({ outcome: 'completed', consistency: 'filesystem' });
    await expectUnharmed(stage, ['image.qcow2']);
    expect(await freezeStatus(stage)).toBe('thawed');
  }, 180_000);

  test.each(['required', 'try'] as const)(
    'with an agent that is dead, and quiesce %s',
    async (quiesce) => {
      const { guest, lab } = stage;
      await lab.tellGuest(guest.name, { kind: 'stop-agent' });
      const output = await stage.snapshot({ input: { quiesce, freezeTimeoutMs: 2_000 } }).end();
      await lab.tellGuest(guest.name, { kind: 'continue-agent' });
      stage.note('quiescing', `agent does not answer, ${quiesce}`, output);
      if (quiesce === 'required')
        expect(output).toMatchObject({
          outcome: 'rolledBack',
          failure: { code: 'agentUnavailable' },
        });
      else expect(output).toMatchObject({ outcome: 'completed', consistency: 'crash' });
      await expectUnharmed(stage, quiesce === 'try' ? ['image.qcow2'] : []);
    },
    180_000,
  );

  test('is refused without an agent that is connected, where a freeze is required', async () => {
    const { guest, lab } = stage;
    await lab.tellGuest(guest.name, { kind: 'kill-agent' });
    const output = await stage.snapshot({ input: { quiesce: 'required' } }).end();
    await lab.tellGuest(guest.name, { kind: 'start-agent' });
    stage.note('checking', 'agent is gone', output);
    expect(output).toMatchObject({ outcome: 'refused', failure: { code: 'canFreeze' } });
    await expectUnharmed(stage);
  }, 120_000);

  test('is refused where a file stands already', async () => {
    await stage.host.run('touch', [`${snapshotDirectory}/image.qcow2`]);
    const output = await stage.snapshot().end();
    stage.note('checking', 'the target exists', output);
    expect(output).toMatchObject({ outcome: 'refused', failure: { code: 'targetFree' } });
    await expectUnharmed(stage, ['image.qcow2']);
  }, 60_000);

  test('loses its name to somebody else who was faster, whose file stays', async () => {
    const theirs = hooked({
      renameFile: async (call) => {
        await stage.host.run('touch', [`${snapshotDirectory}/image.qcow2`]);
        return call();
      },
    });
    const output = await stage.snapshot({ through: theirs }).end();
    stage.note('naming', 'the name is taken', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'imageExists' } });
    await expectUnharmed(stage, ['image.qcow2']);
  }, 120_000);

  test('is undone when the disk is full at the image', async () => {
    const small = `${snapshotDirectory}/small`;
    await stage.host.run('mkdir', ['-p', small]);
    await stage.host.run('mount', ['-t', 'tmpfs', '-o', 'size=28m', 'tmpfs', small]);
    const full = hooked({ availableBytes: () => Promise.resolve(2 ** 40) });
    const output = await stage
      .snapshot({ input: { directory: small, format: 'raw' }, through: full })
      .end();
    const left = await stage.host.run('ls', ['-A', small]);
    await stage.host.run('umount', [small]);
    await stage.host.run('rmdir', [small]);
    stage.note('writing.flattening', 'no space', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'noSpace' } });
    expect(left).toBe('');
    await expectUnharmed(stage);
  }, 120_000);

  test('is undone when the copy is ended by somebody else', async () => {
    const { guest, host } = stage;
    const snapshot = stage.snapshot({ input: { bandwidthMibPerS: 1 } });
    await snapshot.entered('awaitingReady.waiting');
    await host.virsh(['blockjob', guest.name, 'vda', '--abort']);
    const output = await snapshot.end();
    stage.note('awaitingReady', 'somebody else ends the copy', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'copyLost' } });
    await expectUnharmed(stage);
  }, 120_000);

  test('keeps a delta that somebody else has switched the guest to', async () => {
    const { guest, host } = stage;
    const held = Promise.withResolvers<unknown>();
    const waits = hooked({ freeze: () => held.promise.then(() => ({ frozen: 0 })) });
    const snapshot = stage.snapshot({ through: waits });
    await snapshot.entered('quiescing.freezing');
    await host.virsh(['blockjob', guest.name, 'vda', '--pivot']);
    held.resolve(null);
    const output = await snapshot.end();
    stage.note('quiescing.freezing', 'somebody else pivots to the delta', output);
    expect(output).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'copyLost' },
      artefacts: [{ kind: 'delta', status: 'kept' }],
    });
    const [delta = ''] = await stage.images();
    expect(await host.virsh(['domblklist', guest.name])).toContain(delta);
    // Back to where it was, for the tests that follow.
    const back = ['blockcopy', guest.name, 'vda', '/var/lib/libvirt/images/again.qcow2'];
    await host.virsh([...back, '--format', 'qcow2', '--transient-job', '--wait', '--pivot']);
    await host.run('rm', [`${snapshotDirectory}/${delta}`]);
    await expectUnharmed(stage);
  }, 120_000);

  test('is undone when the guest crashes while it is copied', async () => {
    const { guest, host } = stage;
    const snapshot = stage.snapshot({ input: { bandwidthMibPerS: 1 } });
    await snapshot.entered('awaitingReady.waiting');
    await host.signalQemu('guest', 'SIGKILL');
    const output = await snapshot.end();
    stage.note('awaitingReady', 'SIGKILL of QEMU', output);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'guestStopped' } });
    const { domains } = await host.listing();
    expect(domains).toMatchObject([{ name: guest.name, state: 'shut off', persistent: true }]);
    expect(await stage.images()).toEqual([]);
  }, 120_000);
});

describeLab('a live snapshot with libvirt 11.3', () => {
  const stage = useSnapshotLab('live-newer', 'hostC');

  test('is the same', async () => {
    const { guest, host, lab } = stage;
    const output = await stage.snapshot({ input: { quiesce: 'required' } }).end();
    expect(output).toMatchObject({
      outcome: 'completed',
      consistency: 'filesystem',
      failure: null,
    });
    await expectUnharmed(stage, ['image.qcow2']);
    const [image] = output.images;
    if (image === undefined) throw new Error('there is no image');
    expect(await tickOnImage(lab, host, guest, image)).toBeGreaterThan(0);
  }, 180_000);
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { labUp, lastTick, waitForTick, type Lab, type LabHost } from '../../lab/index.ts';
import { migrationOptions } from '../../machines/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { systemClock } from '../../src/engine/system-clock.ts';
import { toFailure } from '../../src/ports/failure.ts';
import type { Hypervisors } from '../../src/ports/hypervisor.ts';
import type { MigrateCall } from '../../src/ports/migration.ts';
import { Watched } from '../contract/watched.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

const unending = new AbortController().signal;
const streamPorts = '49152-49215';

describeLab('a post-copy that breaks on two real daemons', () => {
  let lab: Lab;
  let hostA: LabHost;
  let hostB: LabHost;
  let hypervisors: Hypervisors;

  beforeAll(async () => {
    lab = await labUp({ name: labNameFor('broken') });
    [hostA, hostB] = [lab.host('hostA'), lab.host('hostB')];
    hypervisors = createLibvirtHypervisors({ clock: systemClock });
  });
  afterAll(async () => {
    await hypervisors.close();
    await lab.down();
  });

  test('shows on both ends, is no job that can be aborted, and goes on when it is asked to', async () => {
    const source = await hypervisors.open(hostA.uri, unending);
    const destination = await hypervisors.open(hostB.uri, unending);
    const guest = await lab.guest('torn', { on: 'hostA', storage: 'shared', agent: 'absent' });
    const { uuid } = guest;
    const options = migrationOptions({
      unsafe: true,
      postcopy: true,
      bandwidthMibPerS: 10,
      postcopyBandwidthMibPerS: 3,
      destinationConnectUri: hostB.tcp,
    });
    const call: MigrateCall = {
      domainUuid: uuid,
      purpose: 'move',
      persistent: true,
      copyDisks: [],
      options,
    };
    const from = new Watched(source, uuid, 'source');
    const to = new Watched(destination, uuid, 'destination');
    await from.sees('state running booted');
    const ended = source.migrate(call, unending).then(() => null, toFailure);
    await from.sees('migrationJob out');
    await source.startPostcopy(uuid, unending);
    await to.sees('resumed postcopy');

    // Once it ticks it has the pages that it needs; a QEMU that waits for one hears of no break.
    const reached = (await lastTick(guest.serial)) ?? 0;
    await waitForTick(guest.serial, reached + 3, { timeoutMs: 60_000 });

    await hostB.dropPort({ ports: streamPorts, direction: 'out', effect: 'reset' });
    await Promise.all([
      from.sees('suspended postcopyFailed'),
      to.sees('resumed postcopyFailed'),
      from.sees('state paused postcopyFailed'),
      to.sees('state running postcopyFailed'),
      // The destination's Finish may fail, and tell the source daemon, before the source's QEMU notices.
      from.sees('migrationStatus postcopy-paused'),
      to.sees('migrationStatus postcopy-paused'),
    ]);
    expect(await ended).toMatchObject({ effect: 'unknown' });
    expect(await source.findStatus(uuid, unending)).toMatchObject({
      job: { operation: 'migrationOut' },
    });
    expect(await destination.findStatus(uuid, unending)).toMatchObject({
      job: { operation: 'migrationIn' },
    });
    const refused = await source.abortJob(uuid, unending).catch(toFailure);
    expect(refused).toMatchObject({ code: 'operationInvalid', libvirt: { code: 55 } });

    await hostB.healPorts();
    await source.migrate({ ...call, purpose: 'resumePostcopy' }, unending);
    await to.sees('resumed migrated');
    await from.sees('migrationStatus postcopy-recover');
    expect(await source.findStatus(uuid, unending)).toBeNull();
    expect(await destination.findStatus(uuid, unending)).toMatchObject({
      state: 'running',
      reason: 'migrated',
      job: null,
    });
    await Promise.all([from.stop(), to.stop()]);
  });
});

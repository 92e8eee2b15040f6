import { expect, test } from 'vitest';
import { lastTick, waitForTick } from '../../lab/index.ts';
import { toFailure } from '../../src/ports/failure.ts';
import { Watched } from '../contract/watched.ts';
import { useAdapterLab } from '../support/lab-adapter.ts';
import { askToResume } from '../support/late-resume.ts';
import { describeLab } from '../support/needs.ts';

const unending = new AbortController().signal;
const streamPorts = '49152-49215';

describeLab('a post-copy that breaks on two real daemons', () => {
  const stage = useAdapterLab('broken');

  test('shows on both ends, is no job that can be aborted, and goes on when it is asked to', async () => {
    const { destination, hostB, source } = stage;
    const guest = await stage.lab.guest('torn', {
      on: 'hostA',
      storage: 'shared',
      agent: 'absent',
    });
    const { uuid } = guest;
    const call = stage.callFor(uuid, {
      unsafe: true,
      postcopy: true,
      bandwidthMibPerS: 10,
      postcopyBandwidthMibPerS: 3,
    });
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
    const resume = source.migrate({ ...call, purpose: 'resumePostcopy' }, unending);
    const isAnswered = await askToResume(resume);
    await Promise.all([to.sees('resumed migrated'), from.sees('stopped migrated')]);
    await from.sees('migrationStatus postcopy-recover');
    const left = await source.findStatus(uuid, unending);
    expect(left?.state ?? null).toBe(isAnswered ? null : 'shutoff');
    expect(await destination.findStatus(uuid, unending)).toMatchObject({
      state: 'running',
      reason: 'migrated',
      job: null,
    });
    await Promise.all([from.stop(), to.stop()]);
  });
});

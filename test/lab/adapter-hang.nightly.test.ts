import { afterAll, beforeAll, expect, test } from 'vitest';
import { labUp, type Lab } from '../../lab/index.ts';
import { createLibvirtHypervisors } from '../../src/adapters/libvirt/index.ts';
import { systemClock } from '../../src/engine/system-clock.ts';
import { toFailure } from '../../src/ports/failure.ts';
import { Watched } from '../contract/watched.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

const unending = new AbortController().signal;

describeLab('a daemon that hangs', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await labUp({ name: labNameFor('hang') });
  });
  afterAll(() => lab.down());

  test('costs a call its bound, and a watch tells it as a lost connection', async () => {
    const hostB = lab.host('hostB');
    const hypervisors = createLibvirtHypervisors({ clock: systemClock });
    const { uuid } = await lab.bareDomain('stuck', { on: hostB.name });
    const host = await hypervisors.open(hostB.uri, unending);
    const watched = new Watched(host, uuid, 'destination');
    await watched.sees('state running booted');
    await hostB.sigstop();
    const failure = await host.inspectHost(unending).catch(toFailure);
    expect(failure).toMatchObject({ effect: 'unknown' });
    await watched.sees('connectionLost');
    await hostB.sigcont();
    await watched.sees('connectionRegained');
    expect(await host.findStatus(uuid, unending)).toMatchObject({ state: 'running' });
    await watched.stop();
    await hypervisors.close();
  });
});

import { expect, test } from 'vitest';

import type { LabHost } from '../../lab/index.ts';
import { virsh } from '../../lab/virsh.ts';
import { expectAsBefore, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

const there = { from: 'hostA', to: 'hostB' };
const namespaceOf = (run: string) => `urn:virtstate:claim/${run}`;

/** The claims on the guest as libvirt's own client shows them: of what runs, and of its definition. */
async function seenClaims(host: LabHost, name = 'guest'): Promise<string[]> {
  const texts = await Promise.all([
    virsh(host.uri, ['dumpxml', name]),
    virsh(host.uri, ['dumpxml', name, '--inactive']),
  ]);
  return texts.map((xml) => [...xml.matchAll(/<virtstate:claim [^>]*>/g)].join(' '));
}

describeLab('the claim of a run on a domain of real daemons', () => {
  const stage = useLab('claims');

  test('is gone after a rollback; while the guest is moved it keeps another engine off, and is gone on both hosts then', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const [hostA, hostB] = [stage.lab.host('hostA'), stage.lab.host('hostB')];
    const before = await stage.lab.listing();
    await hostA.setRate('60mbit');
    const driven = stage.migrate(guest, {
      ...there,
      input: { protocol: 'direct' },
      options: { destinationConnectUri: null },
    });
    await driven.entered('perform3.precopying');
    driven.abort();
    expect(await driven.end()).toMatchObject({ outcome: 'rolledBack', artefacts: [] });
    expect(await seenClaims(hostA)).toEqual(['', '']);
    await expectAsBefore(stage.lab, before);

    const migration = stage.migrate(guest, { ...there, options: { keepSource: true } });
    await migration.entered('perform3.precopying');
    const [live, config] = await seenClaims(hostA);
    expect(live).toMatch(/run="run-\d+" engine="[^"]+:\d+" since="20\d\d-[^"]+Z"/);
    expect(config).toBe(live);
    const second = await stage.migrate(guest, there).end();
    expect(second).toMatchObject({ outcome: 'refused', failure: { code: 'claimed' } });
    expect(second.failure?.message).toContain('`breakClaims: run-');
    await hostA.clearLink();
    expect(await migration.end()).toMatchObject({ outcome: 'completed', artefacts: [] });
    expect(await seenClaims(hostA)).toEqual(['', '']);
    expect(await seenClaims(hostB)).toEqual(['', '']);
    await expectTicksContinuous(guest);
  });

  test('of a dead run outlives its daemon, and is taken over only where that is asked for', async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage: 'shared' });
    const [hostA, hostB] = [stage.lab.host('hostA'), stage.lab.host('hostB')];
    const put = (run: string, claim: string, ...where: string[]) =>
      virsh(hostA.uri, [
        'metadata',
        guest.name,
        namespaceOf(run),
        '--key',
        'virtstate',
        '--set',
        claim,
        ...where,
      ]);
    await put(
      'dead',
      '<claim run="dead" engine="hostX:1" since="2026-01-02T03:04:05.000Z"/>',
      '--live',
      '--config',
    );
    await put('odd', '<hold/>', '--config');
    const before = await stage.lab.listing();
    const claims = await seenClaims(hostA);
    await hostA.kill();
    await hostA.start();
    expect(await seenClaims(hostA)).toEqual(claims);
    const refused = await stage.migrate(guest, there).end();
    expect(refused).toMatchObject({
      outcome: 'refused',
      failure: { code: 'claimed' },
      artefacts: [],
    });
    expect(refused.failure?.message).toMatch(
      /run dead of engine hostX:1 since \d+ d.+run odd, in words that cannot be read/,
    );
    await expectAsBefore(stage.lab, before);
    expect(await seenClaims(hostA)).toEqual(claims);

    const one = await stage.migrate(guest, { ...there, input: { breakClaims: ['dead'] } }).end();
    expect(one).toMatchObject({ outcome: 'refused', failure: { code: 'claimed' } });
    expect(one.failure?.message).not.toContain('hostX');
    expect(await seenClaims(hostA)).toEqual(claims);

    const both = { breakClaims: ['dead', 'odd'] };
    const moved = await stage.migrate(guest, { ...there, input: both }).end();
    expect(moved).toMatchObject({ outcome: 'completed', artefacts: [] });
    expect(await seenClaims(hostB)).toEqual(['', '']);
    await expectTicksContinuous(guest);
  });
});

import { expect, test } from 'vitest';

import type { LabGuest } from '../../lab/index.ts';
import type { MigrationOptions } from '../../src/index.ts';
import { virsh } from '../../lab/virsh.ts';
import { expectAsBefore, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a migration that a precheck refuses', () => {
  const stage = useLab('refuse');

  interface Refusal {
    readonly why: string;
    readonly code: string;
    readonly storage?: 'shared' | 'private';
    readonly options?: Partial<MigrationOptions>;
    readonly domain?: string;
    readonly to?: string;
    readonly arrange?: (guest: LabGuest) => Promise<unknown>;
  }

  const onHost = (host: string, ...args: string[]) =>
    virsh(stage.lab.host(host).uri, args, { timeoutMs: 20_000 });

  const refusals: readonly Refusal[] = [
    { why: 'the domain is unknown', code: 'domainExists', domain: 'nobody' },
    { why: 'both ends are one host', code: 'otherHost', to: 'hostA' },
    {
      why: 'the disk is local and is not copied',
      code: 'disksSafe',
      options: { unsafe: false },
    },
    {
      why: 'the name is taken by another domain',
      code: 'nameFree',
      storage: 'shared',
      arrange: (guest) => stage.lab.bareDomain(guest.name, { on: 'hostB' }),
    },
    {
      why: 'no pool owns the path of the disk',
      code: 'destinationPools',
      storage: 'private',
      options: { copyStorage: 'all' },
      arrange: () => onHost('hostB', 'pool-destroy', 'images'),
    },
    {
      why: 'a disk to copy does not exist',
      code: 'disksKnown',
      options: { copyStorage: 'all', copyDisks: ['vdz'] },
    },
    {
      why: 'the source cannot resolve the name that the destination advertises',
      code: 'advertisedNameResolves',
      arrange: () => stage.lab.host('hostA').setNameResolution('own'),
    },
    {
      why: 'the source daemon cannot reach the destination',
      code: 'destinationReachable',
      options: { destinationConnectUri: 'qemu+tcp://10.77.0.254:1/system' },
    },
    {
      why: 'the domain has a snapshot',
      code: 'noSnapshots',
      arrange: (guest) => onHost('hostA', 'snapshot-create-as', guest.name, 'one', '--disk-only'),
    },
  ];

  test.for(refusals)('because $why touches nothing', async (refusal) => {
    const { options, arrange, storage = 'shared' } = refusal;
    const guest = await stage.lab.guest('guest', { on: 'hostA', storage });
    await arrange?.(guest);
    const before = await stage.lab.listing();
    const migration = stage.migrate(guest, {
      from: 'hostA',
      to: refusal.to ?? 'hostB',
      ...(options === undefined ? {} : { options }),
      ...(refusal.domain === undefined ? {} : { input: { domain: refusal.domain } }),
    });
    const output = await migration.end();
    expect(output).toMatchObject({
      outcome: 'refused',
      phases: [],
      failure: { code: refusal.code, effect: 'none' },
    });
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);
  });
});

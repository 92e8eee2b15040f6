import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Lab, LabHost } from '../../lab/index.ts';
import { labDown, labUp } from '../../lab/index.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

describeLab('TLS between the hosts of a lab', () => {
  const name = labNameFor('tls');
  let lab: Lab;
  let hostA: LabHost;
  let hostB: LabHost;
  beforeAll(async () => {
    lab = await labUp({ name });
    [hostA, hostB] = [lab.host('hostA'), lab.host('hostB')];
  });
  afterEach(() => lab.reset());
  afterAll(() => labDown(name));

  const nameOf = (uri: string) => hostA.run('virsh', ['--connect', uri, 'hostname']);
  const migrate = (to: string, ...flags: string[]) =>
    hostA.virsh(['migrate', '--live', '--p2p', ...flags, 'one', to], { timeoutMs: 60_000 });

  test('a host is reached by any of its names and addresses', async () => {
    const { address, migrationAddress } = hostB;
    for (const known of ['hostB', address, 'hostB-migration', migrationAddress]) {
      expect(await nameOf(`qemu+tls://${known}/system`)).toContain('hostB');
    }
  });

  test.for([
    { identity: 'right', says: null },
    { identity: 'expired', says: 'has expired' },
    { identity: 'otherCa', says: "hasn't got a known issuer" },
    { identity: 'distrusting', says: "Failed to verify peer's certificate" },
    { identity: 'none', says: 'Unable to read TLS confirmation' },
  ] as const)('a client that is $identity', async ({ identity, says }) => {
    const asked = nameOf(`${hostB.tls}?pkipath=${await lab.pkiPath(identity)}`);
    if (says === null) expect(await asked).toContain('hostB');
    else await expect(asked).rejects.toThrow(says);
  });

  test.for([
    { flaw: 'expired', says: 'Failed to verify' },
    { flaw: 'otherCa', says: "hasn't got a known issuer" },
    { flaw: 'wrongName', says: 'owner does not match the hostname hostB' },
  ] as const)('a server whose certificate is $flaw, until its next start', async (row) => {
    await hostB.start({ certificate: row.flaw });
    await expect(nameOf(hostB.tls)).rejects.toThrow(row.says);
    expect(await nameOf(`${hostB.tls}?no_verify=1`)).toContain('hostB');
    await lab.reset();
    expect(await nameOf(hostB.tls)).toContain('hostB');
  });

  describe('of a migration', () => {
    test('the source daemon reaches the destination, and memory goes encrypted', async () => {
      await lab.bareDomain('one', { on: 'hostA' });
      await migrate(hostB.tls, '--tls');
      expect(await hostB.qemuProcesses()).toEqual(['one']);
    });

    test('storage is copied encrypted too', async () => {
      const guest = await lab.guest('one', { on: 'hostA', fill: '16M' });
      await migrate(hostB.tls, '--tls', '--copy-storage-all', '--persistent');
      expect((await lab.status()).guests).toMatchObject([{ name: guest.name, host: 'hostB' }]);
    });

    test("a destination's QEMU with another name needs to be told which", async () => {
      await lab.bareDomain('one', { on: 'hostA' });
      const by = ['--tls', '--migrateuri', `tcp://${hostB.migrationAddress}`];
      await migrate(hostB.tls, ...by, '--tls-destination', 'hostB');
      expect(await hostB.qemuProcesses()).toEqual(['one']);
    });

    // Which QEMU's complaint libvirt passes on is a race: the one that refuses, or the one whose
    // channel is closed.
    const refusal = /issuer|does not match the hostname|Cannot (read from|write to) TLS channel/;

    test.for([
      { flaw: 'expired', says: 'has expired' },
      { flaw: 'otherCa', says: refusal },
    ] as const)("a destination's QEMU certificate that is $flaw", async ({ flaw, says }) => {
      await lab.bareDomain('one', { on: 'hostA' });
      await hostB.start({ qemuCertificate: flaw });
      await expect(migrate(hostB.tls, '--tls')).rejects.toThrow(says);
      expect(await hostA.qemuProcesses()).toEqual(['one']);
      await migrate(hostB.tls);
    });

    test("a destination's QEMU certificate that has another name, and no other fault", async () => {
      await lab.bareDomain('one', { on: 'hostA' });
      await hostB.start({ qemuCertificate: 'wrongName' });
      await expect(migrate(hostB.tls, '--tls')).rejects.toThrow(refusal);
      expect(await hostA.qemuProcesses()).toEqual(['one']);
      await migrate(hostB.tls, '--tls', '--tls-destination', 'elsewhere.example');
      expect(await hostB.qemuProcesses()).toEqual(['one']);
    });
  });
});

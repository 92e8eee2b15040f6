import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Lab, LabHost } from '../../lab/index.ts';
import { labDown, labUp } from '../../lab/index.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

describeLab('SASL on the hosts of a lab', () => {
  const name = labNameFor('sasl');
  let lab: Lab;
  let hostA: LabHost;
  beforeAll(async () => {
    lab = await labUp({ name, hosts: 3 });
    hostA = lab.host('hostA');
  });
  afterEach(() => lab.reset());
  afterAll(() => labDown(name));

  const ask = (uri: string) => hostA.run('virsh', ['--connect', uri, 'hostname']);

  test.for(['hostB', 'hostC'])('%s lets the user in by the right password only', async (to) => {
    const host = lab.host(to);
    await host.start({ sasl: ['tls'] });
    const { authFile, wrongAuthFile } = await lab.sasl();
    expect(await ask(`${host.tls}?authfile=${authFile}`)).toContain(to);
    await expect(ask(`${host.tls}?authfile=${wrongAuthFile}`)).rejects.toThrow(
      'authentication failed',
    );
    await expect(ask(host.tls)).rejects.toThrow('authentication failed');
    expect(await ask(host.uri)).toContain(to);
    await lab.reset();
    expect(await ask(host.tls)).toContain(to);
  });

  test('the unix socket can ask for it too, and the lab still gets in', async () => {
    const host = lab.host('hostB');
    await host.start({ sasl: ['unix'] });
    const { authFile } = await lab.sasl();
    expect(await ask(`${host.uri}&authfile=${authFile}`)).toContain('hostB');
    await expect(ask(host.uri)).rejects.toThrow('authentication failed');
    await lab.bareDomain('one', { on: 'hostB' });
    expect(await host.listing()).toMatchObject({ domains: [{ name: 'one' }] });
  });

  test('a source daemon migrates with credentials from a file', async () => {
    const host = lab.host('hostB');
    await host.start({ sasl: ['tls'] });
    const { authFile, wrongAuthFile } = await lab.sasl();
    await lab.bareDomain('one', { on: 'hostA' });
    const migrate = (file: string) => {
      const to = `${host.tls}?authfile=${file}`;
      return hostA.virsh(['migrate', '--live', '--p2p', 'one', to], { timeoutMs: 60_000 });
    };
    await expect(migrate(wrongAuthFile)).rejects.toThrow('authentication failed');
    await migrate(authFile);
    expect(await host.qemuProcesses()).toEqual(['one']);
  });
});

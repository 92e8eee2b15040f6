import { afterAll, beforeAll, expect, it } from 'vitest';
import { driverFeatures, errorCodes, isLibvirtError, open, type Connection } from '../src/index.ts';
import { describeDaemon } from './daemon.ts';

describeDaemon('a connection to a real daemon', (uri) => {
  let connection: Connection;
  beforeAll(async () => {
    connection = await open(uri);
  });
  afterAll(async () => {
    await connection.close();
  });

  it('says what it is connected to', async () => {
    expect(await connection.getType()).toBe('QEMU');
    expect(await connection.getURI()).toBe('qemu:///system');
    expect(await connection.getHostname()).not.toBe('');
    const hypervisor = await connection.getVersion();
    const daemon = await connection.getLibVersion();
    expect(hypervisor.major).toBeGreaterThan(1);
    expect(daemon.number).toBe(daemon.major * 1_000_000 + daemon.minor * 1_000 + daemon.release);
    expect(daemon.major).toBeGreaterThan(5);
  });

  it('knows the features that a migration is chosen by', async () => {
    expect(await connection.supportsFeature(driverFeatures.MIGRATION_P2P)).toBe(true);
    expect(await connection.supportsFeature(driverFeatures.MIGRATION_DIRECT)).toBe(false);
  });

  it('describes the node', async () => {
    const node = await connection.nodeGetInfo();
    expect(node.model).toMatch(/^[a-z0-9_]+$/);
    expect(node.cpus).toBeGreaterThan(0);
    expect(node.cores * node.threads * node.sockets * node.nodes).toBeGreaterThan(0);
    const freeBytes = Number(await connection.nodeGetFreeMemory());
    expect(freeBytes).toBeGreaterThan(1_048_576);
    expect(freeBytes).toBeLessThan(Number(node.memoryKiB) * 1_024);
    const { total, free, buffers, cached } = await connection.nodeGetMemoryStats();
    expect(Number(free) + Number(buffers) + Number(cached)).toBeLessThan(Number(total));
  });

  it('gives capabilities with the host uuid, and those of one emulator', async () => {
    expect(await connection.getCapabilities()).toMatch(/<host>\s*<uuid>[0-9a-f-]{36}<\/uuid>/);
    const options = { arch: 'x86_64', virtType: 'qemu', machine: 'pc' };
    const capabilities = await connection.getDomainCapabilities(options);
    expect(capabilities).toContain('<domain>qemu</domain>');
    expect(capabilities).toContain('<arch>x86_64</arch>');
  });

  it("compares a CPU with the hypervisor's, or says why it cannot", async () => {
    const cpu = "<cpu mode='custom' match='exact'><model>qemu64</model></cpu>";
    const options = { arch: 'x86_64', virtType: 'qemu', machine: 'pc' };
    const outcome: unknown = await connection
      .compareHypervisorCPU(cpu, options)
      .catch((error: unknown) => error);
    // libvirt compares under KVM only: under TCG alone this is its answer.
    const refused = isLibvirtError(outcome, errorCodes.OPERATION_UNSUPPORTED);
    expect(refused || ['incompatible', 'identical', 'superset'].includes(String(outcome))).toBe(
      true,
    );
    await expect(connection.compareHypervisorCPU('<cpu', options)).rejects.toSatisfy((error) =>
      isLibvirtError(error),
    );
  });

  it('answers hundreds of calls in flight, each with its own reply', async () => {
    const names = await Promise.all(Array.from({ length: 300 }, () => connection.getHostname()));
    expect(new Set(names).size).toBe(1);
  });

  it('closes cleanly, and a call after that was never sent', async () => {
    const other = await open(uri);
    await other.close();
    await expect(other.getHostname()).rejects.toMatchObject({
      name: 'ConnectionLostError',
      fullyWritten: false,
    });
  });
});

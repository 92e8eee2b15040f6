import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { toFailure } from '../../src/ports/failure.ts';
import type { MigrateCall, MigrationLink, MigrationOptions } from '../../src/ports/migration.ts';
import { Watched } from '../contract/watched.ts';
import { useAdapterLab } from '../support/lab-adapter.ts';
import { describeLab } from '../support/needs.ts';

const unending = new AbortController().signal;

describeLab('a migration that the client drives on two real daemons', () => {
  const stage = useAdapterLab('adapter-link');
  let link: MigrationLink;

  afterEach(async () => {
    await link.close();
    await stage.lab.reset();
  });

  function callFor(domainUuid: string, given: Partial<MigrationOptions>): MigrateCall {
    return stage.callFor(domainUuid, { unsafe: true, destinationConnectUri: null, ...given });
  }

  function tunnel(): { readonly tunnelled: true; readonly relayUri: string } {
    const path = join(stage.lab.paths.sharedDir, 'relay.sock');
    return { tunnelled: true, relayUri: `unix://${path}` };
  }

  async function openLink(): Promise<MigrationLink> {
    const ends = { source: stage.hostA.uri, destination: stage.hostB.uri };
    link = await stage.hypervisors.linkMigration(ends, unending);
    return link;
  }

  async function prepare(call: MigrateCall): Promise<void> {
    await openLink();
    await link.begin(call, unending);
    await link.prepare(call, unending);
  }

  /** The copy under way, slow enough to be met in it. */
  async function startCopy(given: Partial<MigrationOptions>) {
    const { uuid } = await stage.lab.guest('moving', {
      on: 'hostA',
      storage: 'shared',
      agent: 'absent',
    });
    const watched = new Watched(stage.source, uuid, 'source');
    const call = callFor(uuid, { bandwidthMibPerS: 4, ...given });
    await prepare(call);
    const performed = link.perform(call, unending).then(() => null, toFailure);
    await watched.sees('migrationStatus active');
    await watched.stop();
    return { uuid, call, performed };
  }

  async function conclude(call: MigrateCall): Promise<void> {
    await link.perform(call, unending);
    expect(await link.finish(call, false, unending)).toBe('guest');
    await link.confirm(call, false, unending);
    const uuid = call.domainUuid;
    expect(await stage.source.findStatus(uuid, unending)).toBeNull();
    expect(await stage.destination.findStatus(uuid, unending)).toMatchObject({
      state: 'running',
      reason: 'migrated',
    });
  }

  describe('whose connections end', () => {
    test.for(['source', 'destination'] as const)('tells that it was the %s', async (peer) => {
      const { uuid } = await stage.lab.bareDomain('moving', { on: 'hostA' });
      const call = callFor(uuid, {});
      await prepare(call);
      const host = peer === 'source' ? stage.hostA : stage.hostB;
      await host.kill();
      expect(await link.lost).toMatchObject({ peer });
      const failure = await (
        peer === 'source' ? link.perform(call, unending) : link.finish(call, true, unending)
      ).catch(toFailure);
      expect(failure).toMatchObject({ code: 'connectionLost', effect: 'none' });
      await host.start();
    });

    test('leaves open what a phase has done whose reply was lost', async () => {
      const { performed } = await startCopy({});
      await stage.hostA.kill();
      expect(await performed).toMatchObject({ code: 'connectionLost', effect: 'unknown' });
      await stage.hostA.start();
    });

    test('does not wait for a daemon that hangs', async () => {
      await openLink();
      await stage.hostB.sigstop();
      try {
        const startedAtMs = performance.now();
        await link.close();
        expect(performance.now() - startedAtMs).toBeLessThan(2_000);
      } finally {
        await stage.hostB.sigcont();
      }
    });
  });

  describe('through a tunnel that the client carries', () => {
    test('arrives', async () => {
      const { uuid } = await stage.lab.guest('moving', {
        on: 'hostA',
        storage: 'shared',
        agent: 'absent',
      });
      const call = callFor(uuid, tunnel());
      await prepare(call);
      await conclude(call);
    });

    test('goes on where it was after an abort', async () => {
      const { uuid, call, performed } = await startCopy(tunnel());
      expect(await stage.source.abortJob(uuid, unending)).toBe('aborted');
      expect(await performed).toMatchObject({ code: 'operationAborted' });
      expect(await link.finish(call, true, unending)).toBe('nothing');
      expect(await stage.source.findStatus(uuid, unending)).toMatchObject({
        state: 'running',
        job: null,
      });
    });

    test('says what broke the tunnel, and goes on where it was', async () => {
      const { uuid, call, performed } = await startCopy(tunnel());
      await stage.destination.destroy(uuid, unending);
      const failure = await performed;
      expect(failure).toMatchObject({ effect: 'unknown', libvirt: { code: 9 } });
      expect(failure?.message).toContain('the tunnel broke');
      expect(await link.finish(call, true, unending)).toBe('nothing');
      expect(await stage.source.findStatus(uuid, unending)).toMatchObject({
        state: 'running',
        job: null,
      });
    });

    test('does not begin where nobody can listen', async () => {
      const { uuid } = await stage.lab.bareDomain('moving', { on: 'hostA' });
      const call = callFor(uuid, { tunnelled: true, relayUri: 'unix:///nowhere/relay.sock' });
      await openLink();
      await link.begin(call, unending);
      const failure = await link.prepare(call, unending).catch(toFailure);
      expect(failure).toMatchObject({ code: 'relayUnavailable', effect: 'none' });
      await link.confirm(call, true, unending);
      expect(await stage.source.findStatus(uuid, unending)).toMatchObject({
        state: 'running',
        job: null,
      });
    });
  });

  test('a tunnel from daemon to daemon is theirs alone', async () => {
    const { uuid } = await stage.lab.guest('moving', {
      on: 'hostA',
      storage: 'shared',
      agent: 'absent',
    });
    const destinationConnectUri = stage.hostB.tcp;
    await stage.source.migrate(callFor(uuid, { tunnelled: true, destinationConnectUri }), unending);
    expect(await stage.destination.findStatus(uuid, unending)).toMatchObject({ state: 'running' });
  });

  describe('with encryption', () => {
    test('carries memory and disk', async () => {
      const { uuid } = await stage.lab.guest('moving', { on: 'hostA', agent: 'absent' });
      const call = callFor(uuid, { tls: true, copyStorage: 'all' });
      await prepare(call);
      await conclude(call);
    });

    test('over a network of its own it wants to be told whose certificate comes', async () => {
      const { uuid } = await stage.lab.bareDomain('moving', { on: 'hostA' });
      const migrationUri = `tcp://${stage.hostB.migrationAddress}`;
      const call = callFor(uuid, { tls: true, migrationUri, tlsDestination: 'hostB' });
      await prepare(call);
      await conclude(call);
    });

    test('does not go to a QEMU with another name', async () => {
      const { uuid } = await stage.lab.bareDomain('moving', { on: 'hostA' });
      await stage.hostB.start({ qemuCertificate: 'wrongName' });
      const call = callFor(uuid, { tls: true });
      await prepare(call);
      const failure = await link.perform(call, unending).catch(toFailure);
      expect(failure).toMatchObject({ effect: 'unknown' });
      expect(await link.finish(call, true, unending)).toBe('nothing');
      expect(await stage.source.findStatus(uuid, unending)).toMatchObject({
        state: 'running',
        job: null,
      });
    });
  });
});

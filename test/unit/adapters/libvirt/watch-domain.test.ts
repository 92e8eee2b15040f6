import { expect, test } from 'vitest';
import { FakeDaemon } from '../../../../packages/node-libvirt/test/fake-daemon.ts';
import { HostConnection } from '../../../../src/adapters/libvirt/host-connection.ts';
import { watchDomain } from '../../../../src/adapters/libvirt/watch-domain.ts';
import { systemClock } from '../../../../src/engine/system-clock.ts';

test('a bug in the way of a subscription fails the watch, and nothing besides', async () => {
  await using daemon = await FakeDaemon.listen();
  const host = new HostConnection(daemon.uri);
  const { signal } = new AbortController();
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  Object.assign(await host.acquire(signal), {
    subscribe: () => Promise.reject(new TypeError('a bug')),
  });
  const request = {
    uuid: '0b6dcf38-6f5c-4c52-9a4e-0d5a1f6f2a10',
    role: 'source',
    observe: () => undefined,
    progress: () => undefined,
  } as const;
  await expect(watchDomain(host, systemClock, request, signal)).rejects.toThrow('a bug');
  await new Promise((resolve) => void setImmediate(resolve));
  process.off('unhandledRejection', note);
  await host.close();
  expect(unhandled).toEqual([]);
});

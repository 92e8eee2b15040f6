import { expect, test } from 'vitest';

import { str, u32 } from '../../../../packages/node-libvirt/test/bytes.ts';
import {
  FakeDaemon,
  handshakeReplies,
} from '../../../../packages/node-libvirt/test/fake-daemon.ts';
import { createLibvirtHypervisors } from '../../../../src/adapters/libvirt/index.ts';
import { systemClock } from '../../../../src/engine/system-clock.ts';

const procedures = { list: 66, init: 67 };
const sasl = 1;

test('a daemon that asks who logs in is told by the credentials of its URI', async () => {
  await using daemon = await FakeDaemon.listen();
  daemon.handshake = new Map([
    ...handshakeReplies,
    [procedures.list, Buffer.concat([u32(1), u32(sasl)])],
    [procedures.init, str('SCRAM-SHA-256')],
  ]);
  const asked: string[] = [];
  const credentials = (uri: string) => () => {
    asked.push(uri);
    return Promise.reject(new Error('the safe is locked'));
  };
  const hypervisors = createLibvirtHypervisors({ clock: systemClock, credentials });
  const { uri } = daemon;
  const signal = AbortSignal.timeout(5_000);
  await expect(hypervisors.open(uri, signal)).rejects.toThrow('the safe is locked');
  const ends = { source: uri, destination: uri };
  await expect(hypervisors.linkMigration(ends, signal)).rejects.toThrow('the safe is locked');
  await hypervisors.close();
  expect(asked).toEqual([uri, uri, uri]);
});

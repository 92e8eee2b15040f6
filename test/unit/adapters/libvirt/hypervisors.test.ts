import { expect, test } from 'vitest';

import { createLibvirtHypervisors } from '../../../../src/adapters/libvirt/index.ts';
import { systemClock } from '../../../../src/index.ts';

test('the limit of blocking calls is handed to each connection', async () => {
  const clock = systemClock;
  const hosts = createLibvirtHypervisors({ clock, blockingCallsPerDaemon: 0 });
  await expect(hosts.open('qemu:///system', AbortSignal.timeout(5_000))).rejects.toThrow(
    'blockingCallsMax must be at least 1, not 0',
  );
  await hosts.close();
});

/** `npm run pictures`: what the README shows of the inspector, taken from a run on simulated hosts. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

import { liveMigrationInput } from '../../machines/index.ts';
import { createSimulatedWorld } from '../../src/adapters/simulated/index.ts';
import { createEngine } from '../../src/create-engine.ts';
import { createService } from '../../src/create-service.ts';
import type { Run } from '../../src/engine/run.ts';
import { systemClock } from '../../src/engine/system-clock.ts';
import { MemoryStore } from '../../src/store/memory/index.ts';

const folder = join(import.meta.dirname, '..', '..', 'docs', 'pictures');
const mib = 2 ** 20;
const [source, destination] = ['simulated:///hostA', 'simulated:///hostB'];
const path = '/var/lib/libvirt/images/db1.qcow2';
const pools = [{ name: 'images', targetPath: '/var/lib/libvirt/images', capacityBytes: 2 ** 30 }];
const disk = { targetDev: 'vda', path, capacityBytes: 128 * mib, storage: 'private' } as const;

/** Half of the memory has come, at the earliest. */
async function untilHalfway(run: Pick<Run, 'events'>): Promise<void> {
  for await (const event of run.events()) {
    if (event.type !== 'progress') continue;
    const memory = event.streams.find(({ stream }) => stream === 'memory');
    if (memory !== undefined && memory.processedBytes > memory.remainingBytes) return;
  }
}

const hypervisors = createSimulatedWorld({
  seed: 1,
  clock: systemClock,
  hosts: [
    { name: 'hostA', pools },
    { name: 'hostB', pools },
  ],
  domains: [
    {
      name: 'db1',
      host: 'hostA',
      memoryBytes: 512 * mib,
      dirtyBytesPerS: 40 * mib,
      disks: [disk],
    },
  ],
  link: { bandwidthBytesPerS: 119 * mib },
  faults: [],
}).hypervisors;
const store = new MemoryStore();
const engine = await createEngine({ store, hypervisors, newRunId: () => 'nightly-db1' });
const service = await createService({ engine, store, hypervisors });
const origin = await service.app.listen({ host: '127.0.0.1', port: 0 });
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  const viewport = { width: 1_200, height: 1_000 };
  const page = await browser.newPage({ viewport, colorScheme: 'light' });
  const options = { copyStorage: 'all', destinationConnectUri: destination } as const;
  const input = liveMigrationInput({ domain: 'db1', source, destination, options });
  const run = await engine.start('live-migration', input);
  const halfway = untilHalfway(run);
  await page.goto(`${origin}/#/runs/${run.id}`);
  await halfway;
  await page.locator('.lit[data-state$="perform3.precopying"]').waitFor();
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, 'inspector.png') });
  await run.wait();
} finally {
  await browser.close();
  await service.stop();
  await engine.close();
  await store.close();
  await hypervisors.close();
}

import { HostedRun } from './hosted-run.ts';
import type { Parcel, ToEngine } from './messages.ts';

/**
 * A process with an engine and a store for each of its runs. It answers each delivery when nothing
 * is left to do in it, and is there to be killed.
 */
const runs = new Map<number, HostedRun>();

process.on('message', (parcels: readonly Parcel<ToEngine>[]) => void deliver(parcels));

async function deliver(parcels: readonly Parcel<ToEngine>[]): Promise<void> {
  for (const { run, atEpochMs, messages } of parcels) {
    const hosted = runs.get(run) ?? new HostedRun(atEpochMs ?? 0);
    runs.set(run, hosted);
    hosted.receive(atEpochMs ?? 0, messages);
  }
  await idle();
  const back = parcels.map(({ run }) => ({ run, ...runs.get(run)?.takeOutbox() }));
  process.send?.(back);
}

/** Resolves when no callback has left another one behind. */
async function idle(): Promise<void> {
  do {
    await new Promise((resolve) => void setImmediate(resolve));
  } while (process.getActiveResourcesInfo().includes('Immediate'));
}

import { z } from 'zod';

import type { StoredRun } from '../../ports/run-store.ts';
import { readSnapshot } from '../records/stored-machines.ts';
import { askedMigration, shownMigration } from './migration.ts';
import { askedOneHost, isOneHostMachine, shownOneHost } from './one-host.ts';
import type { ShownWorkflow } from './shown-workflow.ts';

/** By the record of a run; `null`: nothing here can tell what it is. */
export function shownOfRecord({ record }: StoredRun): ShownWorkflow | null {
  const context = readSnapshot(record)?.context;
  if (record.machine === 'liveMigration') {
    const asked = askedMigration.safeParse(context).data;
    return asked === undefined ? null : shownMigration(asked);
  }
  if (!isOneHostMachine(record.machine)) return null;
  const asked = askedOneHost.safeParse(context).data;
  return asked === undefined ? null : shownOneHost(record.machine, asked);
}

const protocolContext = z.looseObject({ domain: z.looseObject({ uuid: z.string() }) });
const factsContext = z.looseObject({
  facts: z.looseObject({ domain: z.looseObject({ uuid: z.string() }) }),
});

/** The domain's uuid, once it was found, or a protocol has worked on it. */
export function uuidOfRecord(family: readonly StoredRun[]): string | null {
  for (const { record } of family) {
    const context = readSnapshot(record)?.context;
    const protocol = protocolContext.safeParse(context).data;
    if (protocol !== undefined) return protocol.domain.uuid;
    if (!isOneHostMachine(record.machine)) continue;
    const facts = factsContext.safeParse(context).data;
    if (facts !== undefined) return facts.facts.domain.uuid;
  }
  return null;
}

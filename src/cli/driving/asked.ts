import { z } from 'zod';

import type { LiveMigrationInput } from '../../../machines/index.ts';
import type { StoredRun } from '../../ports/run-store.ts';
import type { RunHeader } from '../display/json-lines.ts';
import type { Asked } from '../display/summary.ts';
import { hideSealed } from '../records/sealed.ts';
import { readSnapshot } from '../records/stored-machines.ts';

/** What was asked of a migration, as far as whoever shows it must know. */
export type AskedMigration = Asked &
  Pick<LiveMigrationInput, 'source'> & {
    readonly options: Pick<LiveMigrationInput['options'], 'destinationName'>;
  };

const askedContext = z.looseObject({
  domain: z.string(),
  source: z.string(),
  destination: z.string(),
  protocol: z.enum(['peer2peer', 'direct']),
  offline: z.boolean(),
  options: z.looseObject({
    destinationConnectUri: z.string().nullable(),
    destinationName: z.string().nullable(),
    keepSource: z.boolean(),
    persistence: z.enum(['asBefore', 'transient']),
  }),
}) satisfies z.ZodType<AskedMigration>;

/** By the record of a run; `null`: it is no migration. */
export function askedOfRecord({ record }: StoredRun): AskedMigration | null {
  return askedContext.safeParse(readSnapshot(record)?.context).data ?? null;
}

const protocolContext = z.looseObject({ domain: z.looseObject({ uuid: z.string() }) });

/** The domain's uuid, once a protocol has worked on it. */
export function uuidOfRecord(family: readonly StoredRun[]): string | null {
  for (const { record } of family) {
    const parsed = protocolContext.safeParse(readSnapshot(record)?.context);
    if (parsed.success) return parsed.data.domain.uuid;
  }
  return null;
}

export function headerOf(asked: Omit<AskedMigration, 'options'>): RunHeader {
  const { domain, source, destination, protocol, offline } = asked;
  return { domain, from: hideSealed(source), to: hideSealed(destination), protocol, offline };
}

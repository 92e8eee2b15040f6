import { z } from 'zod';

import type { LiveMigrationInput } from '../../../machines/index.ts';
import type { RunStore } from '../../ports/run-store.ts';
import { StoreError } from '../../ports/run-store.ts';

/** The two connection URIs of a migration. */
export type Ends = Pick<LiveMigrationInput, 'source' | 'destination'>;

/** What stands on record in place of a text that nobody may read: the engine's own form. */
const token = /^sealed:(.+)$/;

/** For a person: neither the secret nor what stands for it. */
export function hideSealed(text: string): string {
  return token.test(text) ? '(kept secret)' : text;
}

/**
 * The connection URIs by which we look at the hosts ourselves; never to be shown where they are sealed.
 * One whose secret is lost stays as it is: the host is then told not to answer.
 *
 * @throws StoreError but noSecret
 */
export async function openSealed(store: RunStore, ends: Ends): Promise<Ends> {
  const open = async (text: string): Promise<string> => {
    const id = token.exec(text)?.[1];
    if (id === undefined) return text;
    try {
      return await store.reveal(id);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'noSecret') return text;
      throw error;
    }
  };
  return { source: await open(ends.source), destination: await open(ends.destination) };
}

const sealedInput = z.looseObject({ source: z.string(), destination: z.string() });

/**
 * What a run made, with its hosts as the user of this process named them.
 *
 * @param recorded the run's input as it stands on record
 */
export function withHostsNamed<Made extends { readonly host: string }>(
  made: readonly Made[],
  recorded: unknown,
  ends: Ends,
): Made[] {
  const parsed = sealedInput.safeParse(recorded);
  if (!parsed.success) return [...made];
  const names = new Map([
    [parsed.data.destination, ends.destination],
    [parsed.data.source, ends.source],
  ]);
  return made.map((one) => ({ ...one, host: names.get(one.host) ?? one.host }));
}

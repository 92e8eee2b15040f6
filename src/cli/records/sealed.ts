import { z } from 'zod';

import type { RunStore } from '../../ports/run-store.ts';
import { StoreError } from '../../ports/run-store.ts';

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
export async function openSealed(
  store: RunStore,
  uris: readonly string[],
): Promise<readonly string[]> {
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
  return Promise.all(uris.map(open));
}

const sealedInput = z.record(z.string(), z.unknown());

/**
 * What a run made, with its hosts as the user of this process named them.
 *
 * @param recorded the run's input as it stands on record
 */
export function withHostsNamed<Made extends { readonly host: string }>(
  made: readonly Made[],
  recorded: unknown,
  places: readonly { readonly input: string; readonly uri: string }[],
): Made[] {
  const parsed = sealedInput.safeParse(recorded);
  if (!parsed.success) return [...made];
  const names = new Map(places.toReversed().map(({ input, uri }) => [parsed.data[input], uri]));
  return made.map((one) => ({ ...one, host: names.get(one.host) ?? one.host }));
}

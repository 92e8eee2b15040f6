import type { DomainStatus } from '../../ports/domain.ts';
import { hideSealed } from '../records/sealed.ts';
import { oneLine } from './quantities.ts';

/** What one host holds of the domain now, or why it cannot be said. */
export type HostHolding =
  | { readonly known: true; readonly domain: DomainStatus | null }
  | { readonly known: false; readonly message: string };

interface Held {
  readonly place: { readonly input: string; readonly uri: string };
  readonly holds: HostHolding;
}

/** A line for each host. */
export function holdingLines(holdings: readonly Held[]): string[] {
  return holdings.map(
    ({ place, holds }) =>
      `  ${place.input.padEnd(11)}  ${hideSealed(place.uri)}: ${describeHolding(holds)}`,
  );
}

/** A domain whose memory lies on two hosts, by libvirt's reason for its state. */
const wordsOfHalf: Readonly<Record<string, string>> = {
  postcopy: 'in post-copy: part of its memory is on the other host',
  postcopyFailed: 'its post-copy is broken: part of its memory is on the other host',
};

export function describeHolding(holds: HostHolding): string {
  if (!holds.known) return `does not answer (${oneLine(holds.message)})`;
  if (holds.domain === null) return 'has no such domain';
  const { state, reason, persistent } = holds.domain;
  const isActive = state !== 'shutoff';
  if (!isActive)
    return reason === 'saved' ? 'defined, its memory is saved' : 'defined, not running';
  const words = `${state}, ${persistent ? 'persistent' : 'transient'}`;
  const half = wordsOfHalf[reason];
  return half === undefined ? words : `${words}; ${half}`;
}

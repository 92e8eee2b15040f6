import type { DomainView } from '../../../src/ports/domain.ts';

/** One host's answer to "what do you hold of this domain?", after anything that is not certain. */
export type DomainLook = { readonly atEpochMs: number } & (
  | { readonly reachable: true; readonly domain: DomainView | null }
  | { readonly reachable: false; readonly message: string }
);

/** What an effect that looked hands over. */
export const lookOf = ({ event }: { readonly event: { readonly output: DomainLook } }) => ({
  look: event.output,
});

import { connectionUri } from '../../requests/connection-uri.ts';
import { runNames, wholeNumber } from './option-values.ts';

/** What every command takes that works on a domain where it is. */
export const oneHostOptions = {
  on: connectionUri,
  peerWait: wholeNumber(1, 86_400, 's'),
  breakClaim: runNames.optional(),
};

/** The same, as a machine is asked it. */
export function toOneHostInput(
  domain: string,
  typed: {
    readonly on: string;
    readonly peerWait: number;
    readonly breakClaim?: readonly string[] | undefined;
  },
) {
  return {
    domain,
    host: typed.on,
    peerWaitMs: typed.peerWait * 1_000,
    breakClaims: typed.breakClaim ?? [],
  };
}

import { oneLine } from './quantities.ts';
import { describeFailure } from './failure-words.ts';
import type { FinishedRun } from './run-result.ts';

/** What to do about a refusal; the objections of the prechecks say it themselves. */
const advice: Readonly<Record<string, string>> = {
  hostUnreachable: 'see that the host and its daemon are up, and that you may use its socket',
  connectionLost: 'see that the host and its daemon are up',
  timedOut: 'see that the host and its daemon are up',
  invalidUri: 'give a connection URI such as qemu:///system or qemu+tcp://HOST/system',
  unsupportedAuth:
    'let the daemon offer SCRAM-SHA-256 (SASL), or reach it by qemu+ssh:// or qemu+tls://',
  authenticationFailed: 'see the name and the password in the auth file (docs/protocols.md)',
  sshFailed:
    'let `ssh` get in from here without asking anything: host keys, your key, the helper over there (docs/protocols.md)',
  tlsFailed: 'see the certificates of both ends, their names and dates (docs/protocols.md)',
  domainExists: 'give the name or the uuid of a domain of that host',
};

/**
 * One line: what failed, that the guest is as it was, what to do.
 *
 * @param nearest the name that may have been meant
 */
export function refusalLine(
  failure: FinishedRun['failure'],
  nearest: string | null = null,
): string {
  const reason = failure === null ? 'no reason was given' : describeFailure(failure);
  const known = failure === null ? undefined : advice[failure.code];
  const todo = nearest === null ? known : `did you mean ${nearest}?`;
  const words = `virtstate: refused: ${reason}; nothing was touched`;
  return oneLine(todo === undefined ? words : `${words}; ${todo}`);
}

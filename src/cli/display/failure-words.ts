import { oneLine } from './quantities.ts';
import type { RunFailure } from './run-result.ts';

/** With libvirt's own number where there is one: it is what can be looked up. */
export function describeFailure(failure: RunFailure): string {
  const number = failure.libvirt === undefined ? '' : `, libvirt error ${failure.libvirt.code}`;
  return `${oneLine(failure.message)} (${failure.code}${number})`;
}

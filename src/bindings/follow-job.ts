import type { Tools } from '../engine/slots.ts';
import { delay } from '../ports/clock.ts';
import type { DomainStatus } from '../ports/domain.ts';
import type { Hypervisor } from '../ports/hypervisor.ts';

/** No event tells the end of a job on a daemon that was restarted; it is asked for. */
const askForJobMs = 250;

/**
 * How long a call that a dead process of ours may have sent is waited for. Its daemon reads what the
 * closed connection still holds within milliseconds, and begins the job before anything else.
 */
const unheardMs = 2_000;

type Follow = Pick<Tools, 'signal' | 'clock'>;

/** Until the source's outgoing migration is over, or so broken that it does nothing any more. */
export async function untilJobEnds(
  hypervisor: Hypervisor,
  domainUuid: string,
  { signal, clock }: Follow,
): Promise<void> {
  while (isMigrating(await hypervisor.findStatus(domainUuid, signal)))
    await delay(clock, askForJobMs, signal);
}

/**
 * Is there an outgoing migration of this domain? Of one that another process of ours asked for just
 * before it died nothing may be seen yet; where the domain has gone or has broken, nothing will be.
 */
export async function findsOrphan(
  hypervisor: Hypervisor,
  domainUuid: string,
  { signal, clock }: Follow,
): Promise<boolean> {
  const untilEpochMs = clock.nowEpochMs() + unheardMs;
  for (;;) {
    const status = await hypervisor.findStatus(domainUuid, signal);
    if (isMigrating(status)) return true;
    const mayCome = status !== null && status.state !== 'shutoff' && !isBroken(status);
    if (!mayCome || clock.nowEpochMs() >= untilEpochMs) return false;
    await delay(clock, askForJobMs, signal);
  }
}

const isMigrating = (status: DomainStatus | null): boolean =>
  status?.job?.operation === 'migrationOut' && !isBroken(status);

/** The job of a broken post-copy lasts for ever, and does nothing. */
const isBroken = ({ reason }: DomainStatus): boolean => reason === 'postcopyFailed';

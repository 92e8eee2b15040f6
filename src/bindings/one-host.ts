import type { DomainEvent } from '../../machines/domain-events.ts';
import type { ClaimAnswer, ClaimRequest } from '../../machines/policy/claims.ts';
import type { ReleaseAnswer, ReleaseRequest } from '../../machines/policy/claims.ts';
import type { DomainLook } from '../../machines/policy/one-host/domain-look.ts';
import type { DomainOnHost } from '../../machines/policy/domain-on-host.ts';
import type { OneHostFacts, OneHostInput } from '../../machines/policy/one-host/one-host.ts';
import type { About, EffectSlot, Tools, WatchSlot } from '../engine/slots.ts';
import { toFailure } from '../ports/failure.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { claimDomain, releaseClaims } from './claims.ts';
import { toDomainEvent } from './domain-events.ts';
import { doneAgain } from './done-again.ts';
import { openToWatch } from './open-host.ts';

/** The slots that the frame of every workflow on one host has, but for what each gathers. */
export function frameSlots(hypervisors: Hypervisors): {
  claimDomain: EffectSlot<ClaimRequest, ClaimAnswer>;
  releaseClaims: EffectSlot<ReleaseRequest, ReleaseAnswer>;
} {
  return {
    claimDomain: doneAgain(hypervisors, claimDomain),
    releaseClaims: doneAgain(hypervisors, releaseClaims),
  };
}

/**
 * What every workflow on one host wants to know first. Reads only.
 *
 * @throws FailureError hostUnreachable
 */
export async function gatherOneHost(
  hypervisors: Hypervisors,
  { domain: nameOrUuid, host }: Pick<OneHostInput, 'domain' | 'host'>,
  { clock, signal }: Pick<Tools, 'clock' | 'signal'>,
): Promise<OneHostFacts> {
  const hypervisor = await hypervisors.open(host, signal);
  const [view, domain] = await Promise.all([
    hypervisor.inspectHost(signal),
    hypervisor.findDomain(nameOrUuid, signal),
  ]);
  const claims = domain === null ? [] : await hypervisor.findClaims(domain.uuid, signal);
  return { atEpochMs: clock.nowEpochMs(), host: view, domain, claims };
}

/** Asks the host what it holds. That it does not answer is an answer, too. */
export async function lookAtDomain(
  hypervisors: Hypervisors,
  { domainUuid, host }: DomainOnHost,
  { clock, signal }: Pick<Tools, 'clock' | 'signal'>,
): Promise<DomainLook> {
  try {
    const hypervisor = await hypervisors.open(host, signal);
    const domain = await hypervisor.findDomain(domainUuid, signal);
    return { atEpochMs: clock.nowEpochMs(), reachable: true, domain };
  } catch (error) {
    signal.throwIfAborted();
    const { message } = toFailure(error);
    return { atEpochMs: clock.nowEpochMs(), reachable: false, message };
  }
}

/** One run per domain. Known by another name, or by its uuid, it is another domain here: see claims. */
export function aboutOneHost({ domain, host }: OneHostInput): About {
  return {
    subject: domain,
    locks: [{ name: `domain ${domain} on ${host}`, capacity: 1 }],
    hosts: [host],
  };
}

/** What happens to the domain, as events; byte progress as a report. */
export function watchesDomain(hypervisors: Hypervisors): WatchSlot<DomainOnHost, DomainEvent> {
  return {
    kind: 'watch',
    run: async ({ domainUuid, host }, tools) => {
      const { clock, report, send, signal } = tools;
      const resumed = tools.resumed === true;
      // Nobody watched since the process before us died.
      if (resumed) send({ type: 'connection.lost', atEpochMs: clock.nowEpochMs() });
      const hypervisor = await openToWatch(hypervisors, host, tools);
      await hypervisor.watchDomain(
        {
          uuid: domainUuid,
          role: 'alone',
          resumed,
          observe: (observation) => {
            const event = toDomainEvent(observation);
            if (event !== null) send(event);
          },
          progress: report,
        },
        signal,
      );
    },
  };
}

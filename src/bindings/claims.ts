import { hostname } from 'node:os';

import type {
  ClaimAnswer,
  ClaimRequest,
  ReleaseAnswer,
  ReleaseRequest,
} from '../../machines/policy/claims.ts';
import type { Tools } from '../engine/slots.ts';
import { toFailure } from '../ports/failure.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';

type Needs = Pick<Tools, 'clock' | 'key' | 'log' | 'signal'>;

/** For a person who finds the claim: where to look for whoever made it. */
const engine = `${hostname()}:${process.pid}`;

/**
 * Claims the domain for the run at the top. A claim of the same run, of which its crash left no
 * record, is its own; made again, it is the same.
 *
 * The claims that are to be broken go only after ours stands: of two that break the same one and want
 * the domain, one still sees the other.
 */
export async function claimDomain(
  hypervisors: Hypervisors,
  { host, domainUuid, breakClaims }: ClaimRequest,
  { clock, key, log, signal }: Needs,
): Promise<ClaimAnswer> {
  const claim = {
    run: runOf(key) ?? crypto.randomUUID(),
    engine,
    sinceEpochMs: clock.nowEpochMs(),
  };
  const hypervisor = await hypervisors.open(host, signal);
  const found = await hypervisor.claimDomain(domainUuid, claim, signal);
  const others = found.filter(({ run }) => !breakClaims.includes(run));
  if (others.length > 0) return { claim, others };
  for (const { run, details } of found) {
    log.warn('a claim is taken over', { host, domainUuid, run, details });
    await hypervisor.releaseClaim(domainUuid, run, signal);
  }
  return { claim, others };
}

/**
 * Each host by itself: one that cannot be asked keeps no other from its answer.
 *
 * Whoever claimed the domain while it was ours was refused; but its claim went along with the guest
 * while it waited to take it away. Such claims go before ours does: whoever comes at this moment sees
 * either ours, or that its own is gone.
 */
export async function releaseClaims(
  hypervisors: Hypervisors,
  { domainUuid, held, hosts, run }: ReleaseRequest,
  { key, log, signal }: Needs,
): Promise<ReleaseAnswer> {
  const claimant = run ?? runOf(key);
  const release = async (host: string): Promise<string[]> => {
    // Nobody knows by which name it was made: whatever stands there stays, and is told.
    if (claimant === null) return [];
    try {
      const hypervisor = await hypervisors.open(host, signal);
      const standing = held ? await hypervisor.findClaims(domainUuid, signal) : [];
      // Where ours was broken, whoever broke it has the domain.
      const isOurs = standing.some((each) => each.run === claimant);
      for (const { run: rival } of isOurs ? standing : [])
        if (rival !== claimant) await hypervisor.releaseClaim(domainUuid, rival, signal);
      await hypervisor.releaseClaim(domainUuid, claimant, signal);
      return [host];
    } catch (error) {
      signal.throwIfAborted();
      log.warn('a claim could not be taken away', { host, domainUuid, failure: toFailure(error) });
      return [];
    }
  };
  return { released: (await Promise.all(hosts.map(release))).flat() };
}

/** The run at the top, of whose effects every key begins with it; `null`: no engine runs this. */
function runOf(key: string): string | null {
  const slash = key.indexOf('/');
  return slash === -1 ? null : key.slice(0, slash);
}

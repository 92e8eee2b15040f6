import type { DomainOnHost } from '../../machines/policy/domain-on-host.ts';
import type { EffectSlot } from '../engine/slots.ts';
import { delay } from '../ports/clock.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import { findsOrphan } from './follow-job.ts';

/** No event tells that a job has begun, so an abort that came too early is tried again. */
const retryAbortMs = 50;

/**
 * Asks the source to cancel its outgoing migration. virDomainAbortJob ends any job: a save or a
 * backup of somebody else's is not ours to end.
 *
 * While the call that begins the job is ours and under way, the job is waited for. After a crash that
 * call is nobody's any more: a job that is not there is over, and whatever begins later is another's.
 */
export function abortJob(hypervisors: Hypervisors): EffectSlot<DomainOnHost, void> {
  return {
    kind: 'effect',
    recovery: 'rerun',
    run: async ({ host, domainUuid }, { signal, clock, resumed }) => {
      const hypervisor = await hypervisors.open(host, signal);
      if (resumed === true && !(await findsOrphan(hypervisor, domainUuid, { signal, clock })))
        return;
      for (;;) {
        const status = await hypervisor.findStatus(domainUuid, signal);
        const isMigrating = status?.job?.operation === 'migrationOut';
        if (isMigrating && (await hypervisor.abortJob(domainUuid, signal)) === 'aborted') return;
        if (resumed === true && !isMigrating) return;
        await delay(clock, retryAbortMs, signal);
      }
    },
  };
}

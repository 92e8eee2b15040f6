import type { DomainOnHost } from '../../machines/policy/domain-on-host.ts';
import type { EffectSlot, Tools } from '../engine/slots.ts';
import { FailureError, toFailure } from '../ports/failure.ts';
import type { Hypervisors } from '../ports/hypervisor.ts';
import type { MigrateCall } from '../ports/migration.ts';
import { findsOrphan, untilJobEnds } from './follow-job.ts';

type Perform = DomainOnHost & { readonly call: MigrateCall };

/**
 * A migration that the source daemon drives: it goes on when the process that asked for it dies.
 *
 * Adopted, it is found by its job and followed to its end, and never asked for again: whether the
 * call had reached the daemon before the crash nobody can tell from a job that is not there, for it
 * may have been over by then. Nor does the end of the job tell how it ended. So an adoption always
 * ends as `interrupted`, and the chart learns from a look at both hosts, as after any lost reply: it
 * is completed, rolled back, or goes on being waited for. The same holds for a broken post-copy that
 * was being taken up (POSTCOPY_RESUME): the chart looks, and asks anew where it is still broken,
 * which libvirt allows on no other.
 */
export function performMigration(
  hypervisors: Hypervisors,
): EffectSlot<Perform, { atEpochMs: number }> {
  return {
    kind: 'effect',
    recovery: 'adopt',
    run: async ({ host, call }, { signal, clock }) => {
      await (await hypervisors.open(host, signal)).migrate(call, signal);
      return { atEpochMs: clock.nowEpochMs() };
    },
    adopt: async ({ host, domainUuid }, tools) => {
      await followOrphan(hypervisors, host, domainUuid, tools).catch((error: unknown) => {
        tools.signal.throwIfAborted();
        throw interrupted(`; then ${toFailure(error).message}`);
      });
      throw interrupted('');
    },
  };
}

async function followOrphan(
  hypervisors: Hypervisors,
  host: string,
  domainUuid: string,
  tools: Pick<Tools, 'signal' | 'clock'>,
): Promise<void> {
  const hypervisor = await hypervisors.open(host, tools.signal);
  if (await findsOrphan(hypervisor, domainUuid, tools))
    await untilJobEnds(hypervisor, domainUuid, tools);
}

function interrupted(cause: string): FailureError {
  const message = `the process that had asked for the migration died, and the daemon's answer was lost with it${cause}`;
  return new FailureError({ code: 'interrupted', message, effect: 'unknown' });
}

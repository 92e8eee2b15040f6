import type { Place } from './domain-life.ts';
import { libvirtError } from './libvirt-error.ts';
import { gapsMs } from './migration-job.ts';
import { isPostcopy } from './postcopy.ts';
import type { Domain, Host, World } from './world.ts';
import { lifeOf } from './world.ts';

/** Other calls that change a domain wait for its job, but not for ever. */
export async function untilNoJob(world: World, host: Host, domain: Domain): Promise<void> {
  const until = (): boolean => domain.job === null && domain.work === null;
  const whileAlive = lifeOf(host);
  if ((await world.wait({ until, whileAlive, atMostMs: gapsMs.jobLock })) === 'elapsed')
    throw libvirtError(
      'operationTimeout',
      'Timed out during operation: cannot acquire state change lock',
    );
}

/** virDomainAbortJob. @throws FailureError operationInvalid once post-copy has begun */
export function cancelOutgoing(domain: Domain): 'aborted' | 'noJob' {
  if (domain.work !== null) {
    domain.work.abortRequested = true;
    return 'aborted';
  }
  if (domain.job === null) return 'noJob';
  if (isPostcopy(domain))
    throw libvirtError(
      'operationInvalid',
      'Requested operation is not valid: cannot abort migration in post-copy mode',
    );
  domain.job.abortRequested = true;
  domain.qemu?.stream?.cancel();
  return 'aborted';
}

/**
 * virDomainMigrateStartPostCopy, as soon as QEMU takes it: it refuses it before it sends memory.
 *
 * @throws FailureError operationInvalid without a migration, or one that was not begun for it
 */
export async function startPostcopy(
  { world, host, domain }: Place,
  signal: AbortSignal,
): Promise<void> {
  const { job, qemu } = domain;
  if (job?.direction !== 'out' || qemu === null)
    throw libvirtError(
      'operationInvalid',
      'post-copy can only be started while outgoing migration is in progress',
    );
  if (!job.postcopy)
    throw libvirtError(
      'operationInvalid',
      'switching to post-copy requires migration to be started with VIR_MIGRATE_POSTCOPY flag',
    );
  const isAlive = lifeOf(host);
  const isEarly = (): boolean => qemu.stream === null || qemu.stream.status === 'setup';
  await world.wait({
    until: () => domain.job !== job || !isEarly(),
    whileAlive: () => isAlive() && !signal.aborted,
  });
  if (domain.job !== job)
    throw libvirtError(
      'operationInvalid',
      'post-copy can only be started while outgoing migration is in progress',
    );
  qemu.stream?.startPostcopy();
}

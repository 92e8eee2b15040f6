import {
  isLibvirtError,
  isOperationInvalid,
  migrateFlags,
  undefineFlags,
  xmlFlags,
} from 'node-libvirt';
import type { CallOptions, Domain } from 'node-libvirt';
import { jobOperationName } from './domain-names.ts';
import { nullWithoutDomain, readJob } from './domain-reads.ts';
import { memoryReading } from './progress.ts';

/** virDomainAbortJob. libvirt answers alike for "no job" and "not now", so the job is looked at. */
export async function abortJob(domain: Domain, options: CallOptions): Promise<'aborted' | 'noJob'> {
  try {
    await domain.abortJob(options);
    return 'aborted';
  } catch (error) {
    if (isOperationInvalid(error) && (await readJob(domain, options)) === null) return 'noJob';
    throw error;
  }
}

/** An outgoing migration of which QEMU has not begun to count the memory: it is not `active` yet. */
export async function isBeforeMemoryCopy(domain: Domain, options: CallOptions): Promise<boolean> {
  const { type, stats } = await domain.getJobStats(options);
  const isOutgoing = type !== 'none' && jobOperationName(stats['operation']) === 'migrationOut';
  return isOutgoing && memoryReading(stats) === null;
}

/** virDomainSuspend, where it is not paused already. */
export async function suspend(domain: Domain, options: CallOptions): Promise<void> {
  const { state } = await domain.getState(options);
  if (state !== 'paused') await domain.suspend(options);
}

/** virDomainResume, where it does not run already. */
export async function resume(domain: Domain, options: CallOptions): Promise<void> {
  const { state } = await domain.getState(options);
  if (state !== 'running' && state !== 'blocked') await domain.resume(options);
}

/** virDomainDestroy, where there is something to destroy, also when it ends under the call. */
export async function destroy(domain: Domain, options: CallOptions): Promise<void> {
  if (!(await isRunningQemu(domain, options))) return;
  try {
    await domain.destroy(options);
  } catch (error) {
    if (await isRunningQemu(domain, options)) throw error;
  }
}

async function isRunningQemu(domain: Domain, options: CallOptions): Promise<boolean> {
  return (await nullWithoutDomain(domain.isActive(options))) ?? false;
}

/**
 * Defines a transient domain with what it is now. INACTIVE leaves out what only a running domain
 * has, SECURE keeps passwords that would be lost; the text goes back to the same daemon only.
 */
export async function persist(domain: Domain, options: CallOptions): Promise<void> {
  if (await domain.isPersistent(options)) return;
  const flags = xmlFlags.INACTIVE | xmlFlags.SECURE;
  const xml = await domain.getXMLDesc({ ...options, flags });
  await domain.connection.domainDefineXML(xml, options);
}

/** First libvirts whose virDomainUndefineFlags knows KEEP_NVRAM and KEEP_TPM. */
const keepNvramVersion = 2_003_000;
const keepTpmVersion = 8_009_000;

/**
 * virDomainUndefineFlags without MANAGED_SAVE, so that a domain with a saved memory image is refused
 * instead of losing it.
 */
export async function undefine(domain: Domain, options: CallOptions): Promise<void> {
  const [isPersistent, version] = await Promise.all([
    nullWithoutDomain(domain.isPersistent(options)),
    domain.connection.getLibVersion(options),
  ]);
  if (isPersistent !== true) return;
  const keepNvram = version.number >= keepNvramVersion ? undefineFlags.KEEP_NVRAM : 0;
  const keepTpm = version.number >= keepTpmVersion ? undefineFlags.KEEP_TPM : 0;
  await domain.undefine({ ...options, flags: keepNvram | keepTpm });
}

/**
 * A cancelled Finish ends the job of its Prepare, whoever asks and however long ago that was, but
 * not the domain (libvirt 9.0 and 11.3). Only a definition can be taken away, so it gets one first.
 */
export async function forgetHalfMoved(domain: Domain, options: CallOptions): Promise<void> {
  if (!(await isHalfMoved(domain, options))) return;
  const params = { destination_name: domain.name };
  const request = { flags: migrateFlags.OFFLINE, params, cookie: undefined, cancelled: true };
  try {
    await domain.connection.migrateFinish3Params(request, options);
  } catch (error) {
    // Error 93 is what it answers where it worked; what came of any other is looked at.
    if (!isLibvirtError(error)) throw error;
  }
  if (!(await isHalfMoved(domain, options))) return;
  await persist(domain, options);
  await undefine(domain, options);
}

async function isHalfMoved(domain: Domain, options: CallOptions): Promise<boolean> {
  const [isActive, isPersistent] = await Promise.all([
    nullWithoutDomain(domain.isActive(options)),
    nullWithoutDomain(domain.isPersistent(options)),
  ]);
  return isActive === false && isPersistent === false;
}

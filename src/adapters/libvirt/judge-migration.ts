import { isLibvirtError, type CallOptions, type Domain } from 'node-libvirt';
import type { Failure } from '../../ports/failure.ts';
import type { MigrateCall } from '../../ports/migration.ts';
import { toFailureError } from './errors.ts';
import { readJob } from './domain-reads.ts';
import { toMigrationArguments } from './migration-flags.ts';

/**
 * libvirt's Begin phase (RPC 302) with the flags and parameters of the real call. Without
 * CHANGE_PROTECTION it starts no job and keeps nothing; its cookie and XML are dropped here.
 */
export async function judgeMigration(
  domain: Domain,
  call: MigrateCall,
  options: CallOptions,
): Promise<Failure | null> {
  const job = await readJob(domain, options);
  if (job !== null) {
    // Begin would wait 30 s for that job before it says so.
    const message = `${domain.name}: another job is active (${job.operation})`;
    return { code: 'jobActive', message, effect: 'none' };
  }
  try {
    await domain.migrateBegin3Params(toMigrationArguments(call), options);
    return null;
  } catch (error) {
    if (!isLibvirtError(error)) throw error;
    const uri = domain.connection.uri;
    return toFailureError(error, { uri, effectOfErrorReply: 'none' }).failure;
  }
}

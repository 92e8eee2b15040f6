import type { CallOptions, FlagOptions } from './call-options.ts';
import { DomainBase } from './domain-base.ts';
import { fromInteger64, toInteger64, type Integer64 } from './integer64.ts';
import type {
  MigrateBegin3Reply,
  MigrateBegin3Request,
  MigratePerform3Request,
} from './migrate-params.ts';
import { begin3, confirm3, perform3, type MigrateEndRequest } from './migration-phases.ts';
import { migrationProcedures as procedures } from './protocol/index.ts';

/** {@link Domain}: the source's side of a migration, and what tunes it under way. */
export abstract class DomainMigration extends DomainBase {
  /**
   * virDomainMigrateBegin3Params: libvirt judges whether the domain may migrate so, and answers with the cookie and the
   * definition for the destination. Without CHANGE_PROTECTION it starts no job. Both may hold secrets.
   */
  migrateBegin3Params(
    request: MigrateBegin3Request,
    options?: CallOptions,
  ): Promise<MigrateBegin3Reply> {
    return begin3(this.caller, this.handle, request, options);
  }

  /**
   * virDomainMigratePerform3Params, the phase call behind virDomainMigrateToURI3: with PEER2PEER the whole migration.
   * Resolves to the cookie when it is over. It is a blocking call, on a socket of its own kind; a peer-to-peer migration
   * goes on in the daemon when that socket or the signal ends: {@link Domain.abortJob} stops it. If it fails in a migration that
   * the client drives, the source has already gone back: there is nothing to confirm.
   */
  migratePerform3Params(
    request: MigratePerform3Request,
    options?: CallOptions,
  ): Promise<Uint8Array> {
    return perform3(this.caller, this.handle, request, options);
  }

  /**
   * virDomainMigrateConfirm3Params, the source's last phase: it ends the domain here, or, `cancelled`, lets it go on as it
   * was before. A blocking call.
   */
  migrateConfirm3Params(request: MigrateEndRequest, options?: CallOptions): Promise<void> {
    return confirm3(this.caller, this.handle, request, options);
  }

  /** virDomainMigrateSetMaxDowntime: how long the guest may stand still at the switchover. */
  async migrateSetMaxDowntime(downtimeMs: Integer64, options?: CallOptions): Promise<void> {
    const args = { dom: this.handle, downtimeMs: fromInteger64(downtimeMs), flags: 0 };
    await this.caller.call(procedures.domainMigrateSetMaxDowntime, args, options?.signal);
  }

  /** virDomainMigrateGetMaxDowntime, in milliseconds. */
  async migrateGetMaxDowntime(options?: CallOptions): Promise<Integer64> {
    const args = { dom: this.handle, flags: 0 };
    const procedure = procedures.domainMigrateGetMaxDowntime;
    return toInteger64((await this.caller.call(procedure, args, options?.signal)).downtimeMs);
  }

  /** virDomainMigrateSetMaxSpeed, in MiB/s. */
  async migrateSetMaxSpeed(bandwidthMiBPerS: Integer64, options?: FlagOptions): Promise<void> {
    const args = { ...this.with(options), bandwidthMiBPerS: fromInteger64(bandwidthMiBPerS) };
    await this.caller.call(procedures.domainMigrateSetMaxSpeed, args, options?.signal);
  }

  /** virDomainMigrateGetMaxSpeed, in MiB/s. */
  async migrateGetMaxSpeed(options?: FlagOptions): Promise<Integer64> {
    const procedure = procedures.domainMigrateGetMaxSpeed;
    const reply = await this.caller.call(procedure, this.with(options), options?.signal);
    return toInteger64(reply.bandwidthMiBPerS);
  }

  /** virDomainMigrateStartPostCopy: for a migration that was begun with POSTCOPY. No way back from it. */
  migrateStartPostCopy(options?: CallOptions): Promise<void> {
    const args = { dom: this.handle, flags: 0 };
    return this.caller.call(procedures.domainMigrateStartPostCopy, args, options?.signal);
  }
}

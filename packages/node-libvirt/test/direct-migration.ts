import {
  migrateFlags,
  type Connection,
  type Domain,
  type MigrateBegin3Reply,
  type MigrateParams,
  type MigratePrepare3Reply,
} from '../src/index.ts';

const { ABORT_ON_ERROR, AUTO_CONVERGE, CHANGE_PROTECTION, LIVE } = migrateFlags;

/** The phases of one migration, each called by hand, as libvirt's own client strings them together. */
export class DirectMigration {
  readonly guest: Domain;
  readonly destination: Connection;
  readonly flags: number;
  readonly params: MigrateParams;

  constructor(guest: Domain, destination: Connection, params: MigrateParams = {}) {
    this.guest = guest;
    this.destination = destination;
    this.params = params;
    this.flags = LIVE | CHANGE_PROTECTION | ABORT_ON_ERROR;
  }

  /** What libvirt keeps from the destination. */
  get destinationFlags(): number {
    return this.flags & ~(ABORT_ON_ERROR | AUTO_CONVERGE);
  }

  begin(): Promise<MigrateBegin3Reply> {
    return this.guest.migrateBegin3Params({ params: this.params, flags: this.flags });
  }

  prepare(
    { cookie, xml }: MigrateBegin3Reply,
    params: MigrateParams = {},
  ): Promise<MigratePrepare3Reply> {
    return this.destination.migratePrepare3Params({
      params: {
        ...this.params,
        destination_name: this.guest.name,
        destination_xml: xml,
        ...params,
      },
      cookie,
      flags: this.destinationFlags,
    });
  }

  perform({ cookie, uri }: MigratePrepare3Reply): Promise<Uint8Array> {
    const params = uri === null ? this.params : { ...this.params, migrate_uri: uri };
    return this.guest.migratePerform3Params({ params, cookie, flags: this.flags });
  }

  finish(
    cookie: Uint8Array,
    { cancelled }: { cancelled: boolean },
  ): Promise<{ domain: Domain; cookie: Uint8Array }> {
    return this.destination.migrateFinish3Params({
      params: { destination_name: this.guest.name },
      cookie,
      flags: this.destinationFlags,
      cancelled,
    });
  }

  confirm(cookie: Uint8Array, { cancelled }: { cancelled: boolean }): Promise<void> {
    return this.guest.migrateConfirm3Params({ cookie, flags: this.flags, cancelled });
  }
}

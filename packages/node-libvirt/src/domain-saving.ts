import type { FlagOptions } from './call-options.ts';
import { DomainMigration } from './domain-migration.ts';
import { savingProcedures as procedures } from './protocol/index.ts';
import { toSaveParams, type SaveOptions, type SaveParams } from './save-params.ts';

/** {@link Domain}: its memory into a file. Restoring is the connection's: nothing runs then to call it on. */
export abstract class DomainSaving extends DomainMigration {
  /**
   * virDomainManagedSave, with `saveRestoreFlags`: into a file of the daemon's own, which the next start goes on from.
   * Resolves when the domain is shut off. A blocking call; {@link Domain.abortJob} stops it.
   */
  managedSave(options?: FlagOptions): Promise<void> {
    return this.caller.call(procedures.domainManagedSave, this.with(options), options?.signal);
  }

  /** virDomainHasManagedSaveImage. */
  async hasManagedSaveImage(options?: FlagOptions): Promise<boolean> {
    const procedure = procedures.domainHasManagedSaveImage;
    return (await this.caller.call(procedure, this.with(options), options?.signal)).result;
  }

  /** virDomainManagedSaveRemove: the next start is a boot. */
  managedSaveRemove(options?: FlagOptions): Promise<void> {
    const procedure = procedures.domainManagedSaveRemove;
    return this.caller.call(procedure, this.with(options), options?.signal);
  }

  /** virDomainManagedSaveGetXMLDesc, with `saveImageXmlFlags`: the definition that the saved guest would go on with. */
  async managedSaveGetXMLDesc(options?: FlagOptions): Promise<string> {
    const procedure = procedures.domainManagedSaveGetXmlDesc;
    return (await this.caller.call(procedure, this.with(options), options?.signal)).xml;
  }

  /**
   * virDomainManagedSaveDefineXML, with `saveRestoreFlags` RUNNING or PAUSED: changes the definition in the file. libvirt
   * takes none, too, to keep it, and its daemon (seen with 9.0 and 11.3) crashes over it: give the one that it has.
   */
  managedSaveDefineXML(xml: string, options?: FlagOptions): Promise<void> {
    const args = { ...this.with(options), dxml: xml };
    return this.caller.call(procedures.domainManagedSaveDefineXml, args, options?.signal);
  }

  /**
   * virDomainSaveFlags, with `saveRestoreFlags`: into a file on the daemon's host. Resolves when the domain is shut off; a
   * transient one is gone. A blocking call; {@link Domain.abortJob} stops it.
   */
  save(file: string, options?: SaveOptions): Promise<void> {
    const args = { ...this.with(options), to: file, dxml: options?.xml ?? null };
    return this.caller.call(procedures.domainSaveFlags, args, options?.signal);
  }

  /** virDomainSaveParams (8.4.0), with `saveRestoreFlags`: as {@link save}. A blocking call. */
  async saveParams(params: SaveParams, options?: FlagOptions): Promise<void> {
    const args = { ...this.with(options), params: toSaveParams(params) };
    await this.caller.call(procedures.domainSaveParams, args, options?.signal);
  }
}

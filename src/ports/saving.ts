/** How the guest is to stand once its memory has been loaded again. */
export type ResumeAs = 'asBefore' | 'running' | 'paused';

export interface SaveOptions {
  /** Flag BYPASS_CACHE: past the host's page cache. */
  readonly bypassCache: boolean;
  readonly resumeAs: ResumeAs;
}

export interface SaveFileOptions extends SaveOptions {
  /** The definition to write into the file instead of the domain's own; the guest must not notice. */
  readonly xml: string | null;
}

export interface RestoreOptions extends SaveFileOptions {
  /** Flag RESET_NVRAM: the firmware's settings begin anew from their template. */
  readonly resetNvram: boolean;
}

export interface StartOptions {
  /** Flag PAUSED: the vCPUs stand, whatever a saved image says. */
  readonly paused: boolean;
  readonly bypassCache: boolean;
  /** Flag FORCE_BOOT: throws a managed save image away and boots. */
  readonly forceBoot: boolean;
}

/** A guest's memory in a file, and back (virDomainSave, virDomainManagedSave, virDomainRestore). */
export interface Saving {
  /**
   * virDomainManagedSave: the domain is shut off (reason `saved`), its memory waits for the next
   * start. Lasts as long as the memory takes. Failed, libvirt lets a guest that ran run again, or
   * leaves it paused (reason `apiError`).
   */
  managedSave(uuid: string, options: SaveOptions, signal: AbortSignal): Promise<void>;
  /** virDomainSaveFlags: as {@link managedSave}, into a file of the host; a transient domain is gone then. */
  saveTo(uuid: string, path: string, options: SaveFileOptions, signal: AbortSignal): Promise<void>;
  /** virDomainRestoreFlags; the file stays. */
  restoreFrom(path: string, options: RestoreOptions, signal: AbortSignal): Promise<void>;
  /** virDomainCreateWithFlags: also loads a managed save image and removes it. Nothing to do for an active domain. */
  start(uuid: string, options: StartOptions, signal: AbortSignal): Promise<void>;
  /** virDomainManagedSaveRemove; nothing to do where there is none. */
  removeManagedSave(uuid: string, signal: AbortSignal): Promise<void>;
  /** The definition inside the managed save image, without secrets; `null`: there is no image. */
  managedSaveXml(uuid: string, signal: AbortSignal): Promise<string | null>;
  /** virDomainManagedSaveDefineXML: the definition that the next start takes. */
  redefineManagedSave(uuid: string, xml: string, signal: AbortSignal): Promise<void>;
  /** virDomainSaveImageGetXMLDesc, without secrets. @throws FailureError `noSuchFile`, `notASaveImage` */
  savedXml(path: string, signal: AbortSignal): Promise<string>;
  /** virDomainSaveImageDefineXML */
  redefineSaved(path: string, xml: string, resumeAs: ResumeAs, signal: AbortSignal): Promise<void>;
}

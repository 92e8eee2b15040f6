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

/** Where a guest's memory lies: libvirt's own file for the domain's next start, or any file of the host. */
export type SavedPlace =
  | { readonly kind: 'managed'; readonly domainUuid: string }
  | { readonly kind: 'file'; readonly path: string };

/** A disk as the guest left it when its memory was saved. */
export interface SavedDisk {
  readonly targetDev: string;
  readonly path: string;
  /** As {@link VolumeView.changedAt}; `null`: its host could not tell. */
  readonly changedAt: string | null;
}

/** What lies beside the memory in its file. */
export interface SavedGuest {
  readonly domainUuid: string;
  readonly domainName: string;
  /** Files of the disks that the guest goes on with, but for those that it only reads. */
  readonly disks: readonly Omit<SavedDisk, 'changedAt'>[];
  /** What was noted when it was saved; `null`: whoever saved it did not. */
  readonly noted: readonly SavedDisk[] | null;
}

/** A guest's memory in a file, and back (virDomainSave, virDomainManagedSave, virDomainRestore). */
export interface Saving {
  /**
   * virDomainManagedSave: the domain is shut off (reason `saved`), its memory waits for the next
   * start. Lasts as long as the memory takes. Failed, libvirt lets a guest that ran run again, or
   * leaves it paused (reason `apiError`).
   *
   * @throws FailureError `invalidArgument`, with effect `none`, for what the daemon need not be asked
   */
  managedSave(uuid: string, options: SaveOptions, signal: AbortSignal): Promise<void>;
  /**
   * virDomainSaveFlags: as {@link managedSave}, into a file of the host, which it replaces; a
   * transient domain is gone then.
   */
  saveTo(uuid: string, path: string, options: SaveFileOptions, signal: AbortSignal): Promise<void>;
  /**
   * virDomainRestoreFlags; the file stays. The guest goes on without the claims and notes that the
   * file holds.
   */
  restoreFrom(path: string, options: RestoreOptions, signal: AbortSignal): Promise<void>;
  /**
   * virDomainCreateWithFlags: also loads a managed save image and removes it. What was noted in it is
   * in the definition of the guest that goes on then: see {@link forgetNotes}. Nothing to do for an
   * active domain.
   */
  start(uuid: string, options: StartOptions, signal: AbortSignal): Promise<void>;
  /** virDomainSetMetadata: what was noted beside a memory says nothing of a guest that goes on from it. */
  forgetNotes(uuid: string, signal: AbortSignal): Promise<void>;
  /** virDomainManagedSaveRemove; nothing to do where there is none. */
  removeManagedSave(uuid: string, signal: AbortSignal): Promise<void>;
  /**
   * virDomainSaveImageGetXMLDesc, virDomainManagedSaveGetXMLDesc; `null`: nothing is there.
   *
   * @throws FailureError `notASaveImage` for what libvirt cannot go on from: another file, or one that
   * was not written to its end
   */
  findSaved(place: SavedPlace, signal: AbortSignal): Promise<SavedGuest | null>;
  /**
   * virDomainSaveImageDefineXML, virDomainManagedSaveDefineXML: notes the disks beside the memory, and
   * takes out the claims that came along with the definition.
   *
   * @throws FailureError as {@link findSaved}, and `noSuchFile`
   */
  noteSaved(place: SavedPlace, disks: readonly SavedDisk[], signal: AbortSignal): Promise<void>;
}

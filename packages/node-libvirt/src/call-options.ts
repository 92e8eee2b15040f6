/** What every call takes. */
export interface CallOptions {
  /**
   * An abort rejects the promise at once with the signal's reason. A call that was sent goes on in the daemon, which
   * knows no cancel: its late reply is dropped.
   */
  readonly signal?: AbortSignal | undefined;
}

/** For calls that take libvirt's flags: a bit set of the exported constants, 0 when left out. */
export interface FlagOptions extends CallOptions {
  readonly flags?: number | undefined;
}

export interface MetadataOptions extends FlagOptions {
  /** The namespace of an `element`: it is how the daemon finds it. */
  readonly uri?: string | undefined;
  /** The prefix an `element` is stored with. */
  readonly key?: string | undefined;
}

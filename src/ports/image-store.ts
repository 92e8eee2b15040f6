/** How much the guest knew of the moment. */
export type Consistency = 'application' | 'filesystem' | 'crash';

/** What is kept beside an image. */
export interface ImageMetadata {
  readonly name: string;
  readonly format: string;
  readonly virtualSizeBytes: number;
  /** What the file takes on its file system. */
  readonly sizeBytes: number;
  /** Of the file, in hex. */
  readonly sha256: string;
  readonly consistency: Consistency;
  readonly createdAtEpochMs: number;
  readonly source: {
    readonly host: string;
    readonly domainUuid: string;
    readonly domainName: string;
    readonly targetDev: string;
  };
}

/** Which store, as data. `directory`: of the host whose disks are taken. */
export interface ImageStorePlace {
  readonly kind: 'directory';
  /** Absolute path on the host. */
  readonly directory: string;
}

export interface ImageStores {
  /** @throws FailureError as a host that cannot be opened */
  open(place: ImageStorePlace, host: string, signal: AbortSignal): Promise<ImageStore>;
}

/** Where whole images are kept: a directory of a host here; Glance elsewhere. */
export interface ImageStore {
  /** `null`: no image of that name, or one that was never finished. */
  find(name: string, signal: AbortSignal): Promise<ImageMetadata | null>;
  list(signal: AbortSignal): Promise<readonly ImageMetadata[]>;
  /** Where an image is written to before it is kept, so that nobody takes half of it for one. */
  stagingPath(name: string, format: string): string;
  /** Where it is kept, for a person. */
  place(name: string, format: string): string;
  /** Makes an image of a staged file; done again, it is the same. @throws FailureError `imageExists` */
  keep(
    metadata: Omit<ImageMetadata, 'sha256' | 'sizeBytes'>,
    signal: AbortSignal,
  ): Promise<ImageMetadata>;
  /** What was staged, or kept; nothing to do where there is nothing. */
  remove(name: string, format: string, signal: AbortSignal): Promise<void>;
}

/** One image file, as `qemu-img info` tells it. */
export interface ImageInfo {
  readonly path: string;
  readonly format: string;
  readonly virtualSizeBytes: number;
  /** What it takes on its file system now. */
  readonly allocationBytes: number;
  readonly backingPath: string | null;
  readonly backingFormat: string | null;
  readonly encrypted: boolean;
}

/** A file with its format: nothing is ever probed, since a guest may have written what is found there. */
export interface FormattedImage {
  readonly path: string;
  readonly format: string;
}

export interface NewImage extends FormattedImage {
  readonly virtualSizeBytes: number;
  readonly backing: FormattedImage | null;
}

export interface ConvertRequest {
  readonly from: FormattedImage;
  readonly to: FormattedImage;
  /** Smaller, slower; of formats that can (qcow2). */
  readonly compress: boolean;
  /** A QEMU has it open, and does not write to it meanwhile: without its lock (qemu-img -U). */
  readonly shared: boolean;
  /** `to` stands as somebody made it, at least as large: only its contents change (qemu-img -n). */
  readonly reuseExternal?: boolean;
}

/** How far it is, from 0 to 1; never goes backwards. */
export type ReportFraction = (fraction: number) => void;

/**
 * Image files of one host: qemu-img there, as its administrator would call it. Every method throws
 * `FailureError` only: `imageToolsUnreachable` where nothing but libvirt reaches the host,
 * `imageExists`, `noSuchImage`, `imageInUse`, `noSpace`, `unknownFormat`, `imageFailed`.
 */
export interface HostImages {
  /** Formats that this host's qemu-img writes. */
  imageFormats(signal: AbortSignal): Promise<readonly string[]>;
  /** `null`: no such file. `format` is `null` only for files that we made ourselves. */
  inspectImage(path: string, format: string | null, signal: AbortSignal): Promise<ImageInfo | null>;
  /** The same of one that nobody writes to. @throws FailureError `imageInUse` as {@link isImageInUse} tells it */
  inspectFreeImage(image: FormattedImage, signal: AbortSignal): Promise<ImageInfo | null>;
  /**
   * Somebody writes to it, as far as QEMU's own locks tell (there are none on a network), whether or not
   * any daemon knows of that one; `false` also where there is no such file.
   */
  isImageInUse(image: FormattedImage, signal: AbortSignal): Promise<boolean>;
  /** Something has that name, or is where it leads to. */
  hasFile(path: string, signal: AbortSignal): Promise<boolean>;
  /** Of the file system that a directory is on; `null`: no such directory. */
  availableBytes(directory: string, signal: AbortSignal): Promise<number | null>;
  /** So many bytes a converted image takes at most (qemu-img measure). */
  measureImage(from: FormattedImage, toFormat: string, signal: AbortSignal): Promise<number>;
  /** @throws FailureError `imageExists`: never over a file that stands */
  createImage(image: NewImage, signal: AbortSignal): Promise<void>;
  /**
   * qemu-img convert, over the whole chain of `from`. What stands at `to` is ours by then, and
   * replaced. Ends with the signal.
   */
  convertImage(request: ConvertRequest, report: ReportFraction, signal: AbortSignal): Promise<void>;
  /** qemu-img resize, to more bytes. Nothing to do where it has that size. */
  resizeImage(image: FormattedImage, sizeBytes: number, signal: AbortSignal): Promise<void>;
  /** qemu-img resize, to fewer bytes: what lies behind them is lost. */
  cutImage(image: FormattedImage, sizeBytes: number, signal: AbortSignal): Promise<void>;
  /** qemu-img commit: the layer into that layer below it, of a domain that is shut off. */
  commitImage(
    top: FormattedImage,
    basePath: string,
    report: ReportFraction,
    signal: AbortSignal,
  ): Promise<void>;
  /** qemu-img rebase onto another backing file; `null`: onto none, so that it holds everything. */
  rebaseImage(
    image: FormattedImage,
    backing: FormattedImage | null,
    report: ReportFraction,
    signal: AbortSignal,
  ): Promise<void>;
  /** SHA-256 of the file, in hex. */
  checksumFile(path: string, signal: AbortSignal): Promise<string>;
  /** Within a file system, at once. @throws FailureError `imageExists`: never over a file that stands */
  renameFile(from: string, to: string, signal: AbortSignal): Promise<void>;
  /** Nothing to do where there is none. */
  removeFile(path: string, signal: AbortSignal): Promise<void>;
  /** A small text, at once and whole; replaces what stands there. */
  writeText(path: string, text: string, signal: AbortSignal): Promise<void>;
  /** `null`: no such file. At most 1 MiB. */
  readText(path: string, signal: AbortSignal): Promise<string | null>;
  /** Paths of the files in a directory; `null`: no such directory. */
  listFiles(directory: string, signal: AbortSignal): Promise<readonly string[] | null>;
}

import type { DiskImage } from './disk-source.ts';
import type { FormattedImage } from './images.ts';

/**
 * Which definition: the domain's configuration file, which a boot takes, or the one inside its managed
 * save image, which the next start takes.
 */
export type DefinitionPlace = 'configuration' | 'managedSave';

/** An overlay on a disk, and the layer that it lies on. */
export interface DiskOverlay {
  readonly targetDev: string;
  readonly overlay: FormattedImage;
  readonly base: FormattedImage;
}

/** Of a disk in a definition: what it is, and what it shall be. */
export interface DiskChange {
  readonly targetDev: string;
  readonly from: DiskImage;
  readonly to: DiskImage;
}

/**
 * What definitions say of a disk's file. They are read and written whole, with their secrets, which
 * get no further than that: nothing but the disk changes.
 */
export interface DiskSources {
  /** The file that the disk's top layer is; `null`: no such definition, or no file there. */
  findDiskSource(
    uuid: string,
    place: DefinitionPlace,
    targetDev: string,
    signal: AbortSignal,
  ): Promise<string | null>;
  /**
   * The disk is the overlay from now on. Nothing to do where it is already.
   *
   * @throws FailureError `otherSource` where it is neither base nor overlay; `noDefinition`
   */
  putOverlay(
    uuid: string,
    place: DefinitionPlace,
    disk: DiskOverlay,
    signal: AbortSignal,
  ): Promise<void>;
  /** The disk is the base again. Nothing to do where it is already, or where there is no such definition. */
  takeOverlay(
    uuid: string,
    place: DefinitionPlace,
    disk: DiskOverlay,
    signal: AbortSignal,
  ): Promise<void>;
  /** The disk's top layer with its format; `null`: no such definition or disk, or a source of another kind. */
  findDiskImage(
    uuid: string,
    place: DefinitionPlace,
    targetDev: string,
    signal: AbortSignal,
  ): Promise<DiskImage | null>;
  /**
   * The disk is the other image from now on, with nothing below it spelled out, and its other words as
   * they are. Nothing to do where it is already.
   *
   * @throws FailureError `otherSource` where it is neither; `noDefinition`
   */
  changeDiskImage(
    uuid: string,
    place: DefinitionPlace,
    disk: DiskChange,
    signal: AbortSignal,
  ): Promise<void>;
}

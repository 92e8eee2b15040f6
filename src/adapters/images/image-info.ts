import { z } from 'zod';
import type { ImageInfo } from '../../ports/images.ts';

const sizeBytes = z.int().nonnegative();

const infoSchema = z.object({
  format: z.string(),
  'virtual-size': sizeBytes,
  'actual-size': sizeBytes.optional(),
  'backing-filename': z.string().optional(),
  'full-backing-filename': z.string().optional(),
  'backing-filename-format': z.string().optional(),
  encrypted: z.boolean().optional(),
});

const measureSchema = z.object({ required: sizeBytes });

/** `qemu-img info --output=json`. @throws Error for anything else */
export function readImageInfo(path: string, json: string): ImageInfo {
  const info = infoSchema.parse(JSON.parse(json));
  return {
    path,
    format: info.format,
    virtualSizeBytes: info['virtual-size'],
    allocationBytes: info['actual-size'] ?? 0,
    backingPath: info['full-backing-filename'] ?? info['backing-filename'] ?? null,
    backingFormat: info['backing-filename-format'] ?? null,
    encrypted: info.encrypted ?? false,
  };
}

/** `qemu-img measure --output=json`: bytes. @throws Error for anything else */
export function readMeasure(json: string): number {
  return measureSchema.parse(JSON.parse(json)).required;
}

/** Of the drivers that `qemu-img --help` names: those that write a whole image into one file. */
const imageFormats = ['raw', 'qcow2', 'qed', 'qcow', 'vdi', 'vhdx', 'vmdk', 'vpc', 'parallels'];

/** Formats that this qemu-img writes, out of its `--help`. */
export function readFormats(help: string): readonly string[] {
  const known = /^Supported formats:(.*)$/m.exec(help)?.[1]?.split(' ') ?? [];
  return imageFormats.filter((format) => known.includes(format));
}

import { createHash } from 'node:crypto';

/** One file of one host. Its bytes are kept as the pieces that were written, never copied. */
export interface VolumeFile {
  /** What its pool keeps free for it. */
  readonly capacityBytes: number;
  readonly content: readonly Uint8Array[];
  /** So often it has been written to. */
  readonly revision: number;
}

/** What a pool finds out about a file by reading its head. */
export interface VolumeHead {
  readonly format: string;
  readonly capacityBytes: number;
  readonly backingPath: string | null;
}

const pieceBytes = 2 ** 20;
const zeros = new Uint8Array(pieceBytes);
/** Whatever is not raw begins so; then format, capacity and backing file, a line each. */
const magic = Buffer.from('QFI\u00fb', 'latin1');
/** So much of a file tells it from all others. */
const startBytes = 4_096;

/** A raw file without any block of it written: it reads as zeros. */
export function emptyFile(fileBytes: number): VolumeFile {
  return { capacityBytes: fileBytes, content: repeated(zeros, fileBytes), revision: 0 };
}

export function rewritten(file: VolumeFile, content: readonly Uint8Array[]): VolumeFile {
  return { ...file, content, revision: file.revision + 1 };
}

/**
 * A file with bytes that no file of another name has; one that is not raw is smaller than the disk
 * in it.
 */
export function filledFile(name: string, head: VolumeHead): VolumeFile {
  const { format, capacityBytes, backingPath } = head;
  const start = new Uint8Array(startBytes);
  start.set(createHash('sha256').update(name).digest(), startBytes - 32);
  if (format === 'raw') {
    const rest = Math.max(0, capacityBytes - startBytes);
    const content = [start.subarray(0, capacityBytes), ...repeated(zeros, rest)];
    return { capacityBytes, content, revision: 0 };
  }
  start.set(magic);
  start.set(Buffer.from(`${format}\n${capacityBytes}\n${backingPath ?? ''}\n`), magic.length);
  const content = [start, ...repeated(zeros, pieceBytes - startBytes)];
  return { capacityBytes, content, revision: 0 };
}

/** As a pool sees it after a refresh. */
export function headOf({ content }: VolumeFile): VolumeHead {
  const head = startOf(content);
  if (!head.subarray(0, magic.length).equals(magic))
    return { format: 'raw', capacityBytes: lengthOf(content), backingPath: null };
  const [format = '', capacity, backingPath = ''] = head
    .subarray(magic.length)
    .toString()
    .split('\n', 3);
  return { format, capacityBytes: Number(capacity), backingPath: backingPath || null };
}

export function lengthOf(content: readonly Uint8Array[]): number {
  return content.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** The same bytes have the same one, however they are cut into pieces. */
export function fingerprintOf(content: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of content) hash.update(piece);
  return hash.digest('hex');
}

function startOf(content: readonly Uint8Array[]): Buffer {
  let start = Buffer.alloc(0);
  for (const piece of content) {
    if (start.length >= startBytes) break;
    start = Buffer.concat([start, piece.subarray(0, startBytes)]);
  }
  return start.subarray(0, startBytes);
}

function repeated(piece: Uint8Array, fileBytes: number): Uint8Array[] {
  const whole = Math.floor(fileBytes / pieceBytes);
  const pieces = Array.from({ length: whole }, () => piece);
  const rest = fileBytes % pieceBytes;
  return rest === 0 ? pieces : [...pieces, piece.subarray(0, rest)];
}

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
  /** Without it QEMU would have to guess, which it must not. */
  readonly backingFormat?: string | null;
}

const pieceBytes = 2 ** 20;
const zeros = new Uint8Array(pieceBytes);
/** Whatever is not raw begins so; then format, capacity and backing file, a line each. */
const magic = Buffer.from('QFI\u00fb', 'latin1');
/** So much of a file tells it from all others. */
const startBytes = 4_096;
const identityAt = startBytes - 32;
/** Where the guest writes its count over and over, of every format alike. */
const tickAt = 2_048;
const tickPattern = /^tick (\d{15})\n/;
const tickLength = 'tick 000000000000000\n'.length;
/** So many bytes a file takes whose disk nobody has written to yet, unless it is raw. */
export const emptyLayerBytes = pieceBytes;

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
  return fileOfDisk(createHash('sha256').update(name).digest(), head);
}

/** What tells the disk in the file from all others, in whichever format it is kept. */
export function identityOf({ content }: VolumeFile): Uint8Array {
  return startOf(content).subarray(identityAt);
}

/** A file of its own for a disk of that identity. */
export function fileOfDisk(identity: Uint8Array, head: VolumeHead): VolumeFile {
  const { format, capacityBytes } = head;
  const start = new Uint8Array(startBytes);
  start.set(identity, identityAt);
  if (format === 'raw') {
    const rest = Math.max(0, capacityBytes - startBytes);
    const content = [start.subarray(0, capacityBytes), ...repeated(zeros, rest)];
    return { capacityBytes, content, revision: 0 };
  }
  writeHead(start, head);
  const content = [start, ...repeated(zeros, emptyLayerBytes - startBytes)];
  return { capacityBytes, content, revision: 0 };
}

/** The same file with another head; what the guest wrote stays. Of files that are not raw. */
export function withHead(file: VolumeFile, head: VolumeHead): VolumeFile {
  const start = Uint8Array.from(startOf(file.content));
  start.fill(0, 0, tickAt);
  writeHead(start, head);
  return restarted(file, start);
}

/** So much larger, by blocks that hold nothing of interest. */
export function grownTo(file: VolumeFile, fileBytes: number): VolumeFile {
  const missing = Math.max(0, fileBytes - lengthOf(file.content));
  return rewritten(file, [...file.content, ...repeated(zeros, missing)]);
}

/** Its first bytes alone. */
export function cutTo(file: VolumeFile, fileBytes: number): VolumeFile {
  let leftBytes = fileBytes;
  const content = file.content.flatMap((piece) => {
    const kept = piece.subarray(0, leftBytes);
    leftBytes -= kept.length;
    return kept.length === 0 ? [] : [kept];
  });
  return rewritten(file, content);
}

/** So far somebody got who writes such a file from its beginning. */
export function partOfFile(name: string, head: VolumeHead, fileBytes: number): VolumeFile {
  const empty = { ...filledFile(name, head), content: [] };
  return grownTo(empty, Math.floor(fileBytes));
}

/** The guest has written its count to it. A file too small for that stays as it is. */
export function withTick(file: VolumeFile, tick: number): VolumeFile {
  const start = Uint8Array.from(startOf(file.content));
  if (start.length < startBytes) return file;
  start.set(Buffer.from(`tick ${String(tick).padStart(15, '0')}\n`), tickAt);
  return restarted(file, start);
}

/** The last count of a guest in this file alone; `null`: none was ever written to it. */
export function tickIn({ content }: VolumeFile): number | null {
  const found = tickPattern.exec(startOf(content).subarray(tickAt).toString('latin1'));
  return found === null ? null : Number(found[1]);
}

/** As a pool sees it after a refresh. */
export function headOf({ content }: VolumeFile): Required<VolumeHead> {
  const head = startOf(content);
  if (!head.subarray(0, magic.length).equals(magic))
    return {
      format: 'raw',
      capacityBytes: lengthOf(content),
      backingPath: null,
      backingFormat: null,
    };
  const [format = '', capacity, backingPath = '', backingFormat = ''] = head
    .subarray(magic.length, tickAt)
    .toString()
    .split('\n', 4);
  return {
    format,
    capacityBytes: Number(capacity),
    backingPath: backingPath || null,
    backingFormat: backingFormat || null,
  };
}

export function lengthOf(content: readonly Uint8Array[]): number {
  return content.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** The same bytes have the same one, however they are cut into pieces. */
export function checksumOf(content: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of content) hash.update(piece);
  return hash.digest('hex');
}

/** As {@link checksumOf}, of all but the count that a guest keeps in it. */
export function fingerprintOf(file: VolumeFile): string {
  if (tickIn(file) === null) return checksumOf(file.content);
  const start = Uint8Array.from(startOf(file.content));
  start.fill(0, tickAt, tickAt + tickLength);
  return checksumOf(restarted(file, start).content);
}

function writeHead(start: Uint8Array, head: VolumeHead): void {
  const { format, capacityBytes, backingPath, backingFormat } = head;
  const lines = [format, capacityBytes, backingPath ?? '', backingFormat ?? ''];
  start.set(magic);
  start.set(Buffer.from(lines.map((line) => `${line}\n`).join('')), magic.length);
}

/** Its first bytes are others. */
function restarted(file: VolumeFile, start: Uint8Array): VolumeFile {
  let skipBytes = start.length;
  const rest = file.content.flatMap((piece) => {
    const skipped = Math.min(skipBytes, piece.length);
    skipBytes -= skipped;
    return skipped === piece.length ? [] : [piece.subarray(skipped)];
  });
  return rewritten(file, [start, ...rest]);
}

function startOf(content: readonly Uint8Array[]): Buffer {
  const [first] = content;
  if (first !== undefined && first.length >= startBytes)
    return Buffer.from(first.buffer, first.byteOffset, startBytes);
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

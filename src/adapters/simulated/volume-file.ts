import { createHash } from 'node:crypto';

/** One file of one host. Its bytes are kept as the pieces that were written, never copied. */
export interface VolumeFile {
  readonly capacityBytes: number;
  readonly format: string;
  readonly backingPath: string | null;
  readonly content: readonly Uint8Array[];
}

const pieceBytes = 2 ** 20;
const zeros = new Uint8Array(pieceBytes);

/** A raw file without any block of it written: it reads as zeros. */
export function emptyFile(fileBytes: number): VolumeFile {
  return { ...plain(fileBytes), content: repeated(zeros, fileBytes) };
}

/** A file with bytes that no file of another name has. */
export function filledFile(name: string, fileBytes: number): VolumeFile {
  const piece = new Uint8Array(pieceBytes);
  createHash('sha256').update(name).digest().copy(piece);
  return { ...plain(fileBytes), content: repeated(piece, fileBytes) };
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

function plain(fileBytes: number) {
  return { capacityBytes: fileBytes, format: 'raw', backingPath: null };
}

function repeated(piece: Uint8Array, fileBytes: number): Uint8Array[] {
  const whole = Math.floor(fileBytes / pieceBytes);
  const pieces = Array.from({ length: whole }, () => piece);
  const rest = fileBytes % pieceBytes;
  return rest === 0 ? pieces : [...pieces, piece.subarray(0, rest)];
}

import { EncodeError } from './errors.ts';

const form = /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/i;

/** The canonical form: lower case, with dashes. */
export function formatUuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}

/** @throws EncodeError for what is no uuid. */
export function parseUuid(uuid: string): Uint8Array {
  const match = form.exec(uuid);
  if (match === null) throw new EncodeError(`"${uuid}" is not a uuid`);
  return Buffer.from(match.slice(1).join(''), 'hex');
}

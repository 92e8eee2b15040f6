import { EncodeError } from './errors.ts';

/** A 64-bit integer as it comes out of a call: a number as long as that is exact, else a bigint. */
export type Integer64 = number | bigint;

/** One rule for every 64-bit value that leaves this package. */
export function toInteger64(value: bigint): Integer64 {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The way back. @throws EncodeError for a number that is no integer. */
export function fromInteger64(value: Integer64): bigint {
  if (typeof value === 'bigint') return value;
  if (!Number.isInteger(value)) throw new EncodeError(`${value} is not an integer`);
  return BigInt(value);
}

import { join } from 'node:path';
import { cacheDirectory } from './paths.ts';

/** The directory of the next Debian's system, from which hostC runs. */
export function newerSystemRoot(): string {
  return join(cacheDirectory(), 'trixie');
}

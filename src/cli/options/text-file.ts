import { createReadStream } from 'node:fs';
import { buffer } from 'node:stream/consumers';

import { oneLine } from '../display/quantities.ts';
import { UsageError } from './usage-error.ts';

/**
 * The text of a file that an option names.
 *
 * @throws UsageError where it cannot be read, or is larger
 */
export async function readTextFile(
  option: string,
  path: string,
  sizeBytesMax: number,
): Promise<string> {
  try {
    // A device or a pipe tells no size: one byte too many is enough to know.
    const bytes = await buffer(createReadStream(path, { end: sizeBytesMax }));
    if (bytes.length > sizeBytesMax) throw new Error(`it is larger than ${inWords(sizeBytesMax)}`);
    return bytes.toString('utf8');
  } catch (error) {
    throw new UsageError(`${option} ${path} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

/** @throws UsageError where its text is no JSON */
export async function readJsonFile(
  option: string,
  path: string,
  sizeBytesMax: number,
): Promise<unknown> {
  const text = await readTextFile(option, path, sizeBytesMax);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${option} ${path} is no JSON: ${reasonOf(error)}`, { cause: error });
  }
}

const mib = 2 ** 20;
const inWords = (bytes: number): string =>
  bytes % mib === 0 ? `${bytes / mib} MiB` : `${bytes / 1_024} KiB`;

function reasonOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error));
}

import { DOMParser } from '@xmldom/xmldom';

import { oneLine } from '../display/quantities.ts';
import { readTextFile } from './text-file.ts';
import { UsageError } from './usage-error.ts';

/** libvirt's own bound on a string of its protocol (VIR_NET_MESSAGE_STRING_MAX). */
const sizeBytesMax = 4 * 2 ** 20;

/**
 * The definition that the domain shall have on the destination.
 *
 * @throws UsageError where the file cannot be read or holds no domain definition
 */
export async function readDomainXmlFile(path: string): Promise<string> {
  const text = await readTextFile('--xml', path, sizeBytesMax);
  let wrong: string | null = null;
  try {
    const parser = new DOMParser({
      onError: (level, message) => {
        if (level !== 'warning') wrong ??= message;
      },
    });
    const root = parser.parseFromString(text, 'text/xml').documentElement;
    if (wrong === null && root?.tagName !== 'domain')
      wrong = `its root element is <${root?.tagName ?? ''}>, not <domain>`;
  } catch (error) {
    wrong ??= error instanceof Error ? error.message : String(error);
  }
  if (wrong !== null)
    throw new UsageError(`--xml ${path} holds no domain definition: ${oneLine(wrong)}`);
  return text;
}

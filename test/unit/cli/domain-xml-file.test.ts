import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { readDomainXmlFile } from '../../../src/cli/options/domain-xml-file.ts';
import { UsageError } from '../../../src/cli/options/usage-error.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'virtstate-xml-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileWith(text: string): Promise<string> {
  const path = join(folder, 'domain.xml');
  await writeFile(path, text);
  return path;
}

test('a domain definition is passed on as it is written', async () => {
  const text = "<domain type='kvm'>\n  <name>web</name>\n</domain>\n";
  await expect(readDomainXmlFile(await fileWith(text))).resolves.toBe(text);
});

test.each([
  ['another document', '<network/>', 'its root element is <network>'],
  ['broken XML', '<domain><name>web</domain>', 'holds no domain definition'],
  ['no XML at all', 'hello', 'holds no domain definition'],
  ['nothing', '', 'holds no domain definition'],
])('%s is refused in one line', async (_, text, words) => {
  const reading = readDomainXmlFile(await fileWith(text));
  await expect(reading).rejects.toThrow(UsageError);
  await expect(reading).rejects.toThrow(words);
  await expect(reading).rejects.not.toThrow('\n');
});

test('a file that is not there is refused, with its name', async () => {
  await expect(readDomainXmlFile('/no/such.xml')).rejects.toThrow('--xml /no/such.xml cannot be');
});

test('a device without end is read no further than the bound', async () => {
  await expect(readDomainXmlFile('/dev/zero')).rejects.toThrow('larger than 4 MiB');
});

test('a file beyond what libvirt takes is refused', async () => {
  const path = await fileWith(' '.repeat(4 * 2 ** 20 + 1));
  await expect(readDomainXmlFile(path)).rejects.toThrow('larger than 4 MiB');
});

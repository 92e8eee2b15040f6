import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import { parseAuthFile } from '../../../packages/node-libvirt/src/auth/auth-file.ts';
import { parseClaims } from '../../../src/adapters/libvirt/claims.ts';
import { readPolicy } from '../../../src/cli/options/policy-file.ts';
import { readSwapSpec } from '../../../src/cli/options/swap-spec.ts';
import { configFile } from '../../../src/config/config-file.ts';
import { placeOf, provedBy } from './blocks.ts';
import type { Block } from './blocks.ts';

async function fileOf(code: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'virtstate-docs-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'file.json');
  await writeFile(path, code);
  return path;
}

/** Who reads what stands in a block, by language and page; each throws at what it does not understand. */
const readers: Readonly<Record<string, (code: string) => unknown>> = {
  'json docs/config.md': (code) => configFile.parse(JSON.parse(code)),
  'json docs/getting-started.md': (code) => configFile.parse(JSON.parse(code)),
  'json docs/convergence.md': async (code) => readPolicy(await fileOf(code)),
  'json docs/volume-swap.md': async (code) => readSwapSpec(await fileOf(code), null),
  'xml docs/claims.md': (code) => {
    const claims = parseClaims(`<domain><metadata>${code}</metadata></domain>`);
    expect(claims).toMatchObject([{ run: 'RUN', details: { engine: 'HOST:PID' } }]);
  },
  'ini docs/protocols.md': (code) =>
    expect([...parseAuthFile(code).keys()]).toEqual([
      'credentials-migration',
      'auth-libvirt-hostB.example',
    ]),
};

const keyOf = ({ language, page }: Block): string => `${language} ${page}`;

test.each(provedBy('data').map((block) => [placeOf(block), block] as const))(
  '%s: whoever it is written for understands it',
  async (_, block) => {
    const read = readers[keyOf(block)];
    if (read === undefined) throw new Error(`nobody here reads ${keyOf(block)}`);
    await read(block.code);
  },
);

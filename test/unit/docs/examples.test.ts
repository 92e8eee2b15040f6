import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { placeOf, provedBy, root, textOf } from './blocks.ts';
import type { Block } from './blocks.ts';

const run = promisify(execFile);

/** What users import, as it stands in a checkout. Examples run on simulated hosts. */
const sources: Readonly<Record<string, string>> = {
  virtstate: 'src/index.ts',
  'virtstate/adapters/images': 'src/adapters/images/index.ts',
  'virtstate/adapters/libvirt': 'test/support/documented-hosts.ts',
  'virtstate/adapters/simulated': 'src/adapters/simulated/index.ts',
  'virtstate/machines': 'machines/index.ts',
  'virtstate/service': 'src/create-service.ts',
  'virtstate/store/memory': 'src/store/memory/index.ts',
  'virtstate/store/sqlite': 'src/store/sqlite/index.ts',
  'virtstate/testing': 'src/testing/index.ts',
};

/** What an example that is no program of its own takes for granted. */
const preambles: Readonly<Record<string, string>> = {
  hosts: `import type { SimulatedWorldOptions } from 'virtstate/adapters/simulated';
declare const hosts: SimulatedWorldOptions['hosts'];
declare const domains: SimulatedWorldOptions['domains'];
declare const link: SimulatedWorldOptions['link'];
`,
};

const nameOf = (block: Block): string =>
  block.marker?.name ?? placeOf(block).replaceAll(/\W/g, '-');
const examples = new Map(provedBy('compiled').map((block) => [nameOf(block), block.code]));
const files = provedBy('file');
const exampleFolder = join(import.meta.dirname, 'array-snapshot');
let folder = '';

/** An import as a user writes it. */
function asInstalled(code: string): string {
  return code
    .replaceAll(`'../../../../src/index.ts'`, `'virtstate'`)
    .replaceAll(`'../../../../src/testing/index.ts'`, `'virtstate/testing'`);
}

function asInCheckout(code: string): string {
  return code
    .replaceAll(/from '([^']+)'/g, (whole, from: string) => {
      const source = sources[from];
      return source === undefined ? whole : `from '${join(root, source)}'`;
    })
    .replaceAll(/qemu\+tcp:\/\/(\w+)\/system/g, 'simulated:///$1');
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'virtstate-examples-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [name, code] of examples)
    await writeFile(join(folder, `${name}.ts`), asInCheckout(`${preambles[name] ?? ''}${code}`));
  for (const { code, marker } of files)
    if (marker !== null) await writeFile(join(folder, marker.name), asInCheckout(code));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      // An example may end with what it shows.
      noUnusedLocals: false,
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: false,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: [folder],
    exclude: [],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
});

afterAll(() => rm(folder, { recursive: true }));

/** What an example prints; all of them share one folder, and so one store. */
async function printed(name: string): Promise<string> {
  const { stdout } = await run(
    process.execPath,
    ['--conditions=virtstate-source', '--disable-warning=ExperimentalWarning', `${name}.ts`],
    { cwd: folder },
  );
  return stdout;
}

test('every example compiles', async () => {
  const tsc = join(root, 'node_modules/.bin/tsc');
  const complaints = await run(process.execPath, [tsc, '-p', '.'], { cwd: folder }).then(
    ({ stdout }) => stdout,
    (error: Error & { stdout: string }) => error.stdout,
  );
  // Errors elsewhere are told by `npm run types`.
  const own = complaints.split('\n').filter((line) => /^[\w.-]+\.ts/.test(line));
  expect(own).toEqual([]);
}, 120_000);

test('every example that has a name is run here, or is no program', () => {
  const programs = [
    'service',
    'actor',
    'engine',
    'inspect',
    'serving',
    'find',
    'xstate',
    'recover',
    'upgrade',
    'monitor',
    'paths',
  ];
  // `simulate` is a test; test/paths has it as it is run.
  const named = provedBy('compiled').flatMap(({ marker }) => marker?.name ?? []);
  expect(named.toSorted()).toEqual(
    [...programs, 'ownMachine', 'simulate', ...Object.keys(preambles)].toSorted(),
  );
});

test.each(files.map((block) => [block.marker?.name ?? '', block] as const))(
  'docs/writing-a-machine.md has %s as it is tested',
  async (name, { code }) => {
    const tested = await readFile(join(exampleFolder, name), 'utf8');
    expect(code).toBe(asInstalled(tested).trim());
  },
);

test('a migration by the engine, then a look at it from another process, then nothing to recover', async () => {
  const lines = (await printed('engine')).trim().split('\n');
  expect(lines).toContain('gathering');
  expect(lines.at(-1)).toBe('completed');
  const found = await printed('find');
  expect(found).toMatch(/^\S+ db1 completed\n/);
  expect(found).toContain('accepted: false');
  expect(await printed('recover')).toBe('');
}, 60_000);

test('an engine that nobody inspects ends all the same', async () => {
  expect(await printed('inspect')).toBe('');
}, 30_000);

test('a service on an engine of its user, with the page', async () => {
  expect(await printed('serving')).toBe('9\ntext/html; charset=utf-8\n');
}, 30_000);

test('a migration as plain XState', async () => {
  expect((await printed('xstate')).trim().split('\n').at(-1)).toBe('completed');
}, 60_000);

test('the examples of the README', async () => {
  expect(await printed('service')).toContain("outcome: 'completed'");
  expect(await printed('actor')).toContain("outcome: 'completed'");
}, 60_000);

test('a machine of its own on an engine', async () => {
  expect(await printed('ownMachine')).toContain("outcome: 'completed'");
}, 60_000);

test('the README says of the crash matrix what its results say', async () => {
  const results = await readFile(join(root, 'test/crash/RESULTS.md'), 'utf8');
  const summary = /\*\*(\d+ points, .*)\*\*/.exec(results)?.[1] ?? 'no summary';
  expect(textOf('README.md')).toContain(summary);
});

test('an upgrade beside a machine', async () => {
  expect(await printed('upgrade')).toBe("liveMigration [ '99' ]\n");
}, 60_000);

test('a migration under the invariant monitor', async () => {
  expect(await printed('monitor')).toBe('0 []\n');
}, 60_000);

test('the coverage that docs/testing.md prints', async () => {
  const [, told] = /formatCoverage\(coverage\)\); \/\/ (.*)/.exec(textOf('docs/testing.md')) ?? [];
  expect((await printed('paths')).split('\n')[0]).toContain(told);
}, 120_000);

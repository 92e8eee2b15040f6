import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const run = promisify(execFile);

/** What users import, as it stands in a checkout. Examples run on simulated hosts. */
const sources: Readonly<Record<string, string>> = {
  virtstate: 'src/index.ts',
  'virtstate/adapters/libvirt': 'test/support/documented-hosts.ts',
  'virtstate/machines': 'machines/index.ts',
  'virtstate/store/memory': 'src/store/memory/index.ts',
  'virtstate/store/sqlite': 'src/store/sqlite/index.ts',
  'virtstate/testing': 'src/testing/index.ts',
};

async function examplesOf(page: string): Promise<[string, string][]> {
  const text = await readFile(join(root, page), 'utf8');
  const blocks = text.matchAll(/<!-- example: (\w+) -->\n+```ts\n([^`]*(?:`[^`]+`[^`]*)*?)```/g);
  return [...blocks].map(([, name = '', code = '']) => [name, code]);
}

const examples = new Map([
  ...(await examplesOf('README.md')),
  ...(await examplesOf('docs/embedding.md')),
  ...(await examplesOf('docs/durability.md')),
  ...(await examplesOf('docs/monitor.md')),
]);
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'virtstate-examples-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [name, code] of examples) {
    const runnable = code
      .replaceAll(/from '([^']+)'/g, (whole, from: string) => {
        const source = sources[from];
        return source === undefined ? whole : `from '${join(root, source)}'`;
      })
      .replaceAll(/qemu\+tcp:\/\/(\w+)\/system/g, 'simulated:///$1');
    await writeFile(join(folder, `${name}.ts`), runnable);
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: false,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: [folder],
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
  const names = ['service', 'actor', 'engine', 'find', 'xstate', 'recover', 'upgrade', 'monitor'];
  expect([...examples.keys()]).toEqual(names);
  const tsc = join(root, 'node_modules/.bin/tsc');
  const complaints = await run(process.execPath, [tsc, '-p', '.'], { cwd: folder }).then(
    ({ stdout }) => stdout,
    (error: Error & { stdout: string }) => error.stdout,
  );
  // Errors elsewhere are told by `npm run types`.
  const own = complaints.split('\n').filter((line) => /^\w+\.ts/.test(line));
  expect(own).toEqual([]);
}, 60_000);

test('a migration by the engine, then a look at it from another process, then nothing to recover', async () => {
  const lines = (await printed('engine')).trim().split('\n');
  expect(lines).toContain('gathering');
  expect(lines.at(-1)).toBe('completed');
  const found = await printed('find');
  expect(found).toMatch(/^\S+ db1 completed\n/);
  expect(found).toContain('accepted: false');
  expect(await printed('recover')).toBe('');
}, 30_000);

test('a migration as plain XState', async () => {
  expect((await printed('xstate')).trim().split('\n').at(-1)).toBe('completed');
}, 30_000);

test('the examples of the README', async () => {
  expect(await printed('service')).toContain("outcome: 'completed'");
  expect(await printed('actor')).toContain("outcome: 'completed'");
}, 30_000);

test('the README says of the crash matrix what its results say', async () => {
  const results = await readFile(join(root, 'test/crash/RESULTS.md'), 'utf8');
  const summary = /\*\*(\d+ points, .*)\*\*/.exec(results)?.[1] ?? 'no summary';
  expect(await readFile(join(root, 'README.md'), 'utf8')).toContain(summary);
});

test('an upgrade beside a machine', async () => {
  expect(await printed('upgrade')).toBe("liveMigration [ '99' ]\n");
});

test('a migration under the invariant monitor', async () => {
  expect(await printed('monitor')).toBe('0 []\n');
}, 30_000);

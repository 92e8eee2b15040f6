import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** As in a process into whose folders nobody has installed vitest. */
const program = `
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve(name, context, next) {
      if (name === 'vitest' || name.startsWith('vitest/')) throw new Error('vitest is not there');
      return next(name, context);
    },
  });
  const { alphabets, describePaths, findPaths } = await import(${JSON.stringify(new URL('../../src/testing/index.ts', import.meta.url).href)});
  const { instanceSnapshot } = await import(${JSON.stringify(new URL('../../machines/index.ts', import.meta.url).href)});
  const { paths } = findPaths(instanceSnapshot, alphabets.instanceSnapshot);
  let said = null;
  try {
    describePaths(instanceSnapshot, { world: () => ({}), onState: () => undefined });
  } catch (error) {
    said = error.message;
  }
  console.log(JSON.stringify({ paths: paths.length, said }));
`;

test('without vitest all of it works but describePaths, which says so', async () => {
  const { VITEST: _, ...env } = process.env;
  const flags = ['--conditions=virtstate-source', '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { env });
  expect(JSON.parse(stdout)).toEqual({
    paths: expect.toSatisfy((count: number) => count > 10),
    said: 'describePaths needs vitest, and works in its tests alone',
  });
}, 60_000);

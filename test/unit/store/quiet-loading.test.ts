import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');

test('loading SQLite writes nothing to a terminal, and later warnings are told', async () => {
  const program = `
    process.getBuiltinModule = ((load) => (name) => {
      if (name === 'node:sqlite') process.emitWarning('SQLite is experimental', 'ExperimentalWarning');
      return load(name);
    })(process.getBuiltinModule);
    const { loadNodeSqlite } = await import('./src/store/sqlite/node-sqlite.ts');
    console.log(typeof loadNodeSqlite().DatabaseSync);
    process.emitWarning('something else');
  `;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--conditions=virtstate-source', '--input-type=module', '--eval', program],
    { cwd: root },
  );
  expect(stdout).toBe('function\n');
  expect(stderr).not.toContain('SQLite is experimental');
  expect(stderr).toContain('something else');
});

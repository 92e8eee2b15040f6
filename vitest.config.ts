import { configDefaults, defineConfig } from 'vitest/config';
import { tiers } from './test/runner/tiers.ts';

/** Set by `npm run test:nightly`: the long suites, in files `*.nightly.test.ts`, run too. */
const nightly = process.env['VIRTSTATE_NIGHTLY'] === '1';
// Workspace packages are tested as sources, without a build.
const conditions = ['virtstate-source', 'node', 'module', 'default'];

/** Type tests are never run: the compiler's complaints are their failures. */
const typecheck = {
  enabled: true,
  only: true,
  include: ['test/types/**/*.test-d.ts'],
  tsconfig: 'test/types/tsconfig.json',
  // Errors elsewhere are told by `npm run types`.
  ignoreSourceErrors: true,
};

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    environment: 'node',
    pool: 'forks',
    execArgv: ['--conditions=virtstate-source'],
    retry: 0,
    exclude: [...configDefaults.exclude, ...(nightly ? [] : ['**/*.nightly.test.ts'])],
    projects: tiers.map((tier) => ({
      extends: true,
      test: {
        name: tier.name,
        include: [
          ...tier.directories.map((directory) => `${directory}/**/*.test.ts`),
          ...(tier.files ?? []),
        ],
        testTimeout: tier.testTimeoutMs,
        hookTimeout: tier.hookTimeoutMs,
        maxWorkers: tier.workers,
        sequence: { groupOrder: tier.group },
        ...(tier.name === 'types' ? { typecheck } : {}),
      },
    })),
  },
});

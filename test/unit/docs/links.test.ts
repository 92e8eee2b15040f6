import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { pages, root, textOf } from './blocks.ts';

/** Files that a page leads to, or shows, as paths from the root. */
function targetsOf(page: string): string[] {
  const links = textOf(page).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g);
  return [...links].map(([, target = '']) => join(dirname(page), target));
}

const packed = z.array(z.object({ files: z.array(z.object({ path: z.string() })) }));

/** What whoever installs the package has. */
async function packedFiles(): Promise<ReadonlySet<string>> {
  const words = ['pack', '--dry-run', '--ignore-scripts', '--json'];
  const { stdout } = await promisify(execFile)('npm', words, { cwd: root, maxBuffer: 2 ** 26 });
  const [archive] = packed.parse(JSON.parse(stdout));
  return new Set(archive?.files.map(({ path }) => path));
}

test('every link of the pages leads to a file that is there', () => {
  const broken = pages.flatMap((page) =>
    targetsOf(page)
      .filter((target) => !existsSync(join(root, target)))
      .map((target) => `${page}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test('every link of the pages leads to a file of the package, as no address of its sources is known', async () => {
  const files = await packedFiles();
  const shown = [...pages, 'diagrams/index.md', 'CHANGELOG.md'];
  expect(shown.filter((page) => !files.has(page))).toEqual([]);
  const broken = shown.flatMap((page) =>
    targetsOf(page)
      .filter((target) => !files.has(target))
      .map((target) => `${page}: ${target}`),
  );
  expect(broken).toEqual([]);
}, 60_000);

test('every page is reached from the README', () => {
  const reached = new Set<string>();
  const open = ['README.md'];
  for (const page of open) {
    if (reached.has(page)) continue;
    reached.add(page);
    for (const [, target = ''] of textOf(page).matchAll(
      /\]\((?!https?:)([^)#]+\.md)(?:#[^)]*)?\)/g,
    )) {
      const path = join(dirname(page), target);
      if (pages.includes(path)) open.push(path);
    }
  }
  expect(pages.filter((page) => !reached.has(page))).toEqual([]);
});

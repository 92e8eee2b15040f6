import { expect, test } from 'vitest';

import { sourceFiles } from '../support/source-files.ts';
import type { SourceFile } from '../support/source-files.ts';

/** Calls that bring a lab up by a name, and what else names one; with a name that is put together as it is written. */
const naming =
  /\b(?:(?:labNameFor|labHosts|playAllOnLab|labRerunSuite|use[A-Z]\w*)\(|useOneHostLab\(\{[^}]*?\bpurpose:|const purpose =)\s*(['`])(.+?)\1/g;

/** Each once: what is in one file comes one after the other. */
const namesIn = ({ text }: Pick<SourceFile, 'text'>): string[] => [
  ...new Set([...text.matchAll(naming)].map(([, , name = '']) => name)),
];

const labTests = sourceFiles().filter(
  ({ path, text }) => /^test\/.*\.test\.ts$/.test(path) && /\bdescribeLab\(/.test(text),
);

/** Files that name the same lab would, side by side, destroy each other's. */
function namedTwice(files: readonly SourceFile[]): string[] {
  const filesOf = new Map<string, string[]>();
  for (const file of files)
    for (const name of namesIn(file)) filesOf.set(name, [...(filesOf.get(name) ?? []), file.path]);
  return [...filesOf]
    .filter(([, paths]) => paths.length > 1)
    .map(([name, paths]) => `${name}: ${paths.join(', ')}`);
}

test('every test file that needs a lab has one of its own, by name', () => {
  expect(namedTwice(labTests)).toEqual([]);
});

test('every such file names its lab where this can be read', () => {
  expect(labTests.length).toBeGreaterThan(100);
  const unnamed = labTests.filter((file) => namesIn(file).length === 0);
  // It needs the rights of whoever makes a lab, and none of its hosts.
  expect(unnamed.map(({ path }) => path)).toEqual(['test/contract/images-local.test.ts']);
});

test('a name that two files have is found, however it is written', () => {
  const files = [
    "playAllOnLab(\n  'same',\n  scripts)",
    "useOneHostLab({ purpose: 'same' })",
    "labNameFor('other'); labNameFor('other')",
    'const purpose = `lab-${on}`;',
    'useColdLab(`lab-${on}`)',
  ].map((text, index) => ({ path: `${index}`, text }));
  expect(namedTwice(files)).toEqual(['same: 0, 1', 'lab-${on}: 3, 4']);
});

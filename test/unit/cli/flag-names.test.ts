import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { optionConflicts } from '../../../machines/policy/migration/option-conflicts.ts';
import { withFlags } from '../../../src/cli/options/flag-names.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** Lines of code, without those of comments. */
function linesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => readFileSync(join(root, folder, name), 'utf8').split('\n'))
    .filter((line) => !/^ *(\/\/|\/?\*)/.test(line));
}

const told = ['machines', 'src/requests', 'src/engine'].flatMap(linesOf);

test('who embeds the machines, or asks over HTTP, reads of no flag of the command line', () => {
  // The tools of libvirt are typed, whoever reads it.
  const ofOthers = /virsh[^:;,]*/g;
  const flags = told.filter((line) => /[\s'`(]--[a-z]/.test(line.replaceAll(ofOthers, '')));
  expect(flags).toEqual([]);
});

test.each(optionConflicts.map(({ message }) => [message]))(
  '%s: who types reads flags',
  (message) => {
    expect(withFlags(message)).not.toContain('`');
  },
);

test('every option that the machines name within other words has its flag', () => {
  const names = told.flatMap((line) => line.match(/\\`[A-Za-z.]+(: [^`]+)?\\`/g) ?? []);
  const unknown = names
    .map((name) => name.replaceAll('\\', ''))
    .filter((name) => withFlags(name) === name);
  expect(names.length).toBeGreaterThan(20);
  expect(unknown).toEqual([]);
});

test.each([
  ['leave `persistence: transient` out', 'leave --transient out'],
  ['give `disksUri: unix:///PATH`', 'give --disks-uri unix:///PATH'],
  ['let `ssh` in', 'let `ssh` in'],
  ['{"message":"say `unsafe`"}', '{"message":"say --unsafe"}'],
])('%s: %s', (words, typed) => {
  expect(withFlags(words)).toBe(typed);
});

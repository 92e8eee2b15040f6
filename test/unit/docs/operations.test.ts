import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { allMachines, chartOf } from '../../../src/diagrams/index.ts';
import { root } from './blocks.ts';
import { playbook } from './playbook.ts';

/** States with a transition into `needsOperator`, by the name of the machine's file. */
const sources = new Map(
  [...allMachines()].map(([name, machine]) => {
    const { edges, nodes } = chartOf(machine);
    const end = nodes.find(({ path }) => path.join('.') === 'needsOperator');
    const ids = edges
      .filter(({ targets }) => targets.includes(end?.id ?? ''))
      .map((edge) => edge.source);
    const paths = nodes.filter(({ id }) => ids.includes(id)).map(({ path }) => path.join('.'));
    return [name, paths.toSorted()] as const;
  }),
);

test.each([...sources])(
  'docs/operations.md has an entry for every state of %s from which an operator is needed, and for no other',
  (name, states) => {
    const told = new Set(playbook.flatMap(({ from }) => from.get(name) ?? []));
    expect([...told].toSorted()).toEqual(states);
  },
);

test('every entry says what is true, where to look, what to do, and how to go on', () => {
  expect(playbook.length).toBeGreaterThan(40);
  for (const { code, from, section, text } of playbook) {
    const parts = [...text.matchAll(/^\*\*([\w ]+)\.\*\* \S/gm)].map(([, part]) => part);
    expect(parts, `${section}: ${code}`).toEqual(['True', 'Look', 'Do', 'Go on']);
    expect(from.size, `${section}: ${code}`).toBeGreaterThan(0);
  }
});

test('every code that has an entry is one that a chart gives', () => {
  const folder = join(root, 'machines', 'policy');
  const policy = globSync('**/*.ts', { cwd: folder })
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  const unknown = playbook.flatMap(({ code }) =>
    code === null || new RegExp(`'${code}'|^ {2}${code}: `, 'm').test(policy) ? [] : [code],
  );
  expect(unknown).toEqual([]);
});

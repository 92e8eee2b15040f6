import { expect, test } from 'vitest';

import { readStorePlace } from '../../../src/cli/options/store-place.ts';

const user = { environment: {}, homeDirectory: '/home/ada', isRoot: false };
const place = (options: Record<string, unknown>, where: Partial<typeof user> = {}) =>
  readStorePlace(options, { ...user, ...where });

test.each([
  ['--store before all', { store: '/x/a.db' }, { VIRTSTATE_STORE: '/y/b.db' }, '/x/a.db'],
  ['VIRTSTATE_STORE', {}, { VIRTSTATE_STORE: '/y/b.db', XDG_STATE_HOME: '/s' }, '/y/b.db'],
  ['the state directory', {}, { XDG_STATE_HOME: '/s' }, '/s/virtstate/runs.db'],
  ['the home directory', {}, {}, '/home/ada/.local/state/virtstate/runs.db'],
  [
    'nothing that is empty, or relative where that is no path',
    {},
    { VIRTSTATE_STORE: '', XDG_STATE_HOME: 's' },
    '/home/ada/.local/state/virtstate/runs.db',
  ],
])('runs are kept by %s', (_, options, environment, expected) => {
  expect(place(options, { environment })).toBe(expected);
});

test('root has the runs of the machine, unless it says otherwise', () => {
  expect(place({}, { isRoot: true })).toBe('/var/lib/virtstate/runs.db');
  const environment = { XDG_STATE_HOME: '/s' };
  expect(place({}, { isRoot: true, environment })).toBe('/s/virtstate/runs.db');
});

test('a relative path is one of the working directory', () => {
  expect(place({ store: 'a.db' })).toBe(`${process.cwd()}/a.db`);
});

test('an empty --store is wrong usage', () => {
  expect(() => place({ store: '' })).toThrow('--store must be the path of a file');
});

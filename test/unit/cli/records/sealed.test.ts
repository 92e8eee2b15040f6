import { expect, test } from 'vitest';

import { withHostsNamed } from '../../../../src/cli/records/sealed.ts';
import { Records, timeoutMs } from './on-record.ts';

const destination = 'simulated:///hostB';

test(
  'a connection URI that holds a secret is not shown from the record, and recovery knows it all the same',
  { timeout: timeoutMs },
  async () => {
    const records = new Records();
    const run = await records.leaveBusy('--from', 'simulated:///hostA?authfile=/home/ada/secret');
    const shown = await records.virtstate('show', run);
    expect(shown.stdout).toContain(`busy: (kept secret) -> ${destination}`);
    const { status, stdout } = await records.virtstate('recover');
    expect(stdout).toContain('source       (kept secret): running, persistent');
    expect(stdout).toContain(`destination  ${destination}: has no such domain`);
    expect(status).toBe(1);
    const after = await records.virtstate('show', run, '--json');
    const said = [shown, { stdout }, after].map((each) => each.stdout).join('\n');
    expect(said).not.toContain('/home/ada/secret');
  },
);

test('whoever typed a URI is told of its host by that, whatever stands on record', () => {
  const made = ['sealed:r/secret#1', destination, 'elsewhere'].map((host) => ({ host }));
  const ends = { source: 'qemu+tcp://hostA/system?authfile=x', destination };
  const places = Object.entries(ends).map(([input, uri]) => ({ input, uri }));
  const recorded = { source: 'sealed:r/secret#1', destination };
  expect(withHostsNamed(made, recorded, places).map(({ host }) => host)).toEqual([
    ends.source,
    destination,
    'elsewhere',
  ]);
  expect(withHostsNamed(made, null, places)).toEqual(made);
});

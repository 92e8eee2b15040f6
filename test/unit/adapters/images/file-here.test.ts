import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostImages } from '../../../../src/adapters/images/index.ts';
import { toFailure } from '../../../../src/ports/failure.ts';

const images = hostImages('qemu:///system');
const unending = new AbortController().signal;
let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'virtstate-file-here-'));
  await writeFile(join(directory, 'there'), '');
  await symlink(join(directory, 'nowhere'), join(directory, 'loose'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('whether a file of this machine is there', () => {
  test.each([
    ['there', true],
    ['nowhere', false],
    ['loose', false],
  ])('%s: %s', async (name, expected) => {
    expect(await images.hasFile(join(directory, name), unending)).toBe(expected);
  });

  test('is not told where the path leads through a file', async () => {
    const failure = await images.hasFile(join(directory, 'there', 'a'), unending).catch(toFailure);
    expect(failure).toMatchObject({ code: 'imageFailed', effect: 'none' });
  });

  test('is not asked of a path that depends on where we were started', async () => {
    const failure = await images.hasFile('there', unending).catch(toFailure);
    expect(failure).toMatchObject({ code: 'invalidArgument' });
  });

  test('is given up with the signal', async () => {
    const failure = await images.hasFile(directory, AbortSignal.abort()).catch(toFailure);
    expect(failure).toMatchObject({ code: 'aborted', effect: 'none' });
    const asked = new AbortController();
    const answer = images.hasFile(directory, asked.signal).catch(toFailure);
    asked.abort();
    expect(await answer).toMatchObject({ code: 'aborted', effect: 'none' });
  });
});

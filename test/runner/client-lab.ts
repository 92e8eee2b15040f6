import { readdir } from 'node:fs/promises';
import { labDown, labUp } from '../../lab/index.ts';
import { labsDirectory } from '../../lab/paths.ts';

/**
 * Brings up two hosts for the client's own tests and tells where they are.
 * @throws {LabError} when the machine cannot carry them.
 */
export async function clientLab(name: string): Promise<Record<string, string>> {
  const lab = await labUp({ name });
  return {
    VIRTSTATE_TEST_URI: lab.host('hostA').uri,
    VIRTSTATE_TEST_PEER_URI: lab.host('hostB').uri,
  };
}

async function labsOf(run: string): Promise<string[]> {
  const names = await readdir(labsDirectory()).catch(() => []);
  return names.filter((name) => name.startsWith(`${run}-`));
}

/** Takes down every lab of this test run and gives the names of those that were still up. */
export async function downLabsOf(run: string): Promise<string[]> {
  const names = await labsOf(run);
  await Promise.all(names.map((name) => labDown(name)));
  return names;
}

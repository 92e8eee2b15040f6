import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Lab } from '../../lab/index.ts';
import { labUp } from '../../lab/index.ts';
import { launchedImages } from '../../src/adapters/images/index.ts';
import { launcherFor } from '../../src/adapters/images/launch.ts';
import { runTool } from '../../src/adapters/images/run-tool.ts';
import { toFailure } from '../../src/ports/failure.ts';
import { labImages } from '../support/lab-images.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

const unending = new AbortController().signal;
/** Every host of a lab has one of its own under that name. */
const directory = '/var/lib/libvirt';
const deaf = ['sh', '-c', 'echo $$; exec sleep 600'] as const;
const plain = { what: 'tool', words: deaf, timeoutMs: null, effect: 'unknown' } as const;

describeLab('image files of a host', () => {
  let lab: Lab;
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    lab = await labUp({ name: labNameFor('images') });
  });
  afterAll(() => lab.down());

  const onHostA = (program: string, words: readonly string[]): ChildProcess => {
    const child = lab.host('hostA').spawn(program, words);
    started.push(child);
    return child;
  };
  /** As a process on hostA starts tools on hostB. */
  const launch = (file: string, args: readonly string[]): ChildProcess => {
    const launcher = launcherFor(lab.host('hostB').ssh, onHostA);
    if (launcher === null) throw new Error('ssh reaches no tools');
    return launcher(file, args);
  };

  /** A tool on hostB, by its number, and how the call ends. */
  const begin = async (signal: AbortSignal) => {
    const { promise: pid, resolve } = Promise.withResolvers<number>();
    const onOutput = (text: string): void => resolve(Number(text));
    const end = runTool('hostB', launch, { ...plain, signal, onOutput }).catch(toFailure);
    return { end, pid: await pid };
  };

  test('are the same through ssh, whatever their names are', async () => {
    const images = launchedImages(lab.host('hostB').ssh, launch);
    const own = labImages(lab)(lab.host('hostB').uri);
    const path = `${directory}/it's "$(one)" \\ of * them`;
    await images.writeText(path, "text: 'a'\n", unending);
    expect(await own.readText(path, unending)).toBe("text: 'a'\n");
    expect(await images.listFiles(directory, unending)).toContain(path);
    expect(await labImages(lab)(lab.host('hostA').uri).readText(path, unending)).toBeNull();
    await images.removeFile(path, unending);
  });

  test('a tool behind ssh ends with the signal', async () => {
    const abort = new AbortController();
    const { end, pid } = await begin(abort.signal);
    abort.abort();
    expect(await end).toMatchObject({ code: 'aborted', effect: 'unknown' });
    expect(isAlive(pid)).toBe(false);
  });

  test('a tool behind ssh ends when our ssh is killed, and the failure does not say that nothing happened', async () => {
    const { end, pid } = await begin(unending);
    started.at(-1)?.kill('SIGKILL');
    expect(await end).toMatchObject({ effect: 'unknown' });
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });

  test('a host that ssh does not reach has not been touched', async () => {
    const uri = 'qemu+ssh://root@nowhere.invalid/system';
    const images = launchedImages(uri, launcherFor(uri, onHostA) ?? onHostA);
    const failure = await images.readText(`${directory}/x`, unending).catch(toFailure);
    expect(failure).toMatchObject({ code: 'imageToolsUnreachable', effect: 'none' });
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

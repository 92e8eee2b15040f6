import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Lab } from '../../lab/index.ts';
import { labDown, labUp } from '../../lab/index.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

const checkout = join(import.meta.dirname, '..', '..');
const fromSources = '--conditions=virtstate-source';

describeLab("programs in a host's namespaces", () => {
  const name = labNameFor('exec');
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({ name });
  });
  afterAll(() => labDown(name));

  test("our client runs there from this checkout, with the host's network and names", async () => {
    const program = [fromSources, join(checkout, 'src/cli/bin.ts')];
    const args = [...program, 'doctor', 'qemu+tcp://hostB/system'];
    const child = lab.host('hostA').spawn(process.execPath, args, { cwd: checkout });
    if (child.stdout === null) throw new TypeError('no output');
    expect(await text(child.stdout)).toContain('libvirt 9.0.0');
    await once(child, 'close');
    expect(child.exitCode).toBe(0);
  });

  test('a signal reaches the program itself, and its end comes back', async () => {
    const child = lab.host('hostA').spawn('sleep', ['60']);
    await once(child, 'spawn');
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(child.signalCode).toBe('SIGTERM');
  });

  test('an abort ends it', async () => {
    const controller = new AbortController();
    const child = lab.host('hostA').spawn('sleep', ['60'], { signal: controller.signal });
    const failed = once(child, 'error');
    await once(child, 'spawn');
    controller.abort();
    await failed;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGTERM');
  });

  function command(...program: string[]) {
    const main = [fromSources, join(checkout, 'lab/main.ts'), 'exec', '--name', name];
    return spawn(process.execPath, [...main, 'hostB', ...program], {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  test("the command line gives the program's output and exit status, and leaves its options alone", async () => {
    const program = 'console.log(require("node:os").hostname(), process.cwd()); process.exit(7)';
    const child = command('--', process.execPath, '--name', '-e', program);
    expect(await text(child.stdout)).toBe('');
    await once(child, 'close');
    expect(child.exitCode).toBe(9);
    const right = command(process.execPath, '--print', '-e', program);
    expect(await text(right.stdout)).toBe(`hostB ${checkout}\n`);
    await once(right, 'close');
    expect(right.exitCode).toBe(7);
  });

  test('the command line passes signals on, and streams what is printed', async () => {
    const program =
      'process.on("SIGINT", () => process.exit(42)); setInterval(() => {}, 1000); console.log("up")';
    const child = command(process.execPath, '-e', program);
    const [first] = await once(child.stdout, 'data');
    expect(String(first)).toBe('up\n');
    child.kill('SIGINT');
    await once(child, 'close');
    expect(child.exitCode).toBe(42);
  });
});

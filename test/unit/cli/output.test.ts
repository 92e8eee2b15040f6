import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';

import { Output } from '../../../src/cli/output.ts';

function stage() {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const output = new Output({ stdout, stderr });
  return { stdout, stderr, output };
}

const brokenPipe = (): Error => Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });

test('results go to standard output, notices to standard error', () => {
  const { stdout, stderr, output } = stage();
  output.print('result');
  output.say('notice');
  expect(String(stdout.read())).toBe('result\n');
  expect(String(stderr.read())).toBe('notice\n');
});

test('a reader that goes away is told of once, and nothing more is written to it', () => {
  const { stdout, output } = stage();
  const closed = vi.fn<() => void>();
  output.onClosed(closed);
  stdout.emit('error', brokenPipe());
  stdout.emit('error', brokenPipe());
  output.print('lost');
  expect(closed).toHaveBeenCalledOnce();
  expect(output.isOpen).toBe(false);
  expect(stdout.read()).toBeNull();
});

test('whoever asks later is told too', () => {
  const { stdout, output } = stage();
  stdout.emit('error', brokenPipe());
  const closed = vi.fn<() => void>();
  output.onClosed(closed);
  expect(closed).toHaveBeenCalledOnce();
});

test('standard error may go away as well', () => {
  const { stderr, output } = stage();
  stderr.emit('error', brokenPipe());
  output.say('lost');
  expect(stderr.read()).toBeNull();
});

test('draining ends although a reader is gone', async () => {
  const { stdout, output } = stage();
  stdout.destroy();
  await expect(output.drain()).resolves.toBeUndefined();
});

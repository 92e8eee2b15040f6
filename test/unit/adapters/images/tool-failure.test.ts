import { describe, expect, test } from 'vitest';
import { toToolFailure } from '../../../../src/adapters/images/tool-failure.ts';

const end = {
  uri: 'qemu:///system',
  what: 'qemu-img convert',
  exitCode: 1,
  killedBy: null,
  effect: 'unknown',
} as const;

/** As QEMU 7.2 and coreutils 9.1 were seen to say it. */
const said: readonly (readonly [stderr: string, code: string, effect: string])[] = [
  [
    'qemu-img: Could not open \'/d/a\': Failed to get shared "write" lock\nIs another process using the image [/d/a]?\n',
    'imageInUse',
    'none',
  ],
  [
    'qemu-img: error while writing at byte 18874368: No space left on device\n',
    'noSpace',
    'unknown',
  ],
  ["qemu-img: Unknown file format 'nosuch'\n", 'unknownFormat', 'none'],
  ["qemu-img: Could not open '/d/a': Image is not in qcow2 format\n", 'unknownFormat', 'none'],
  ["qemu-img: Could not open '/d/a': invalid VMDK image descriptor\n", 'unknownFormat', 'none'],
  ["dd: failed to open '/d/a': File exists\n", 'imageExists', 'none'],
  [
    "qemu-img: /d/e: Could not open '/d/zz': No such file or directory\nCould not open backing image.\n",
    'noSuchImage',
    'none',
  ],
  [
    "qemu-img: Could not open 'rbd:vms/a': error connecting: No such file or directory\n",
    'imageFailed',
    'unknown',
  ],
  [
    "qemu-img: Could not open 'rbd:vms/b': error reading header from b: No such file or directory\n",
    'noSuchImage',
    'none',
  ],
  ['qemu-img: error while reading at byte 0: Input/output error\n', 'imageFailed', 'unknown'],
];

describe('what a tool says in the end', () => {
  test.each(said)('%j', (stderr, code, effect) => {
    expect(toToolFailure({ ...end, stderr }).failure).toMatchObject({ code, effect });
  });

  test('stands in the message from where the tool speaks last, and moves no cursor', () => {
    const stderr = 'warning\nqemu-img: older\nqemu-img: \u001B[2Jnewer\nIs it?\n';
    expect(toToolFailure({ ...end, stderr }).message).toBe(
      'qemu:///system: qemu-img convert: [2Jnewer Is it?',
    );
  });

  test('may be nothing', () => {
    expect(toToolFailure({ ...end, stderr: '' }).message).toMatch(/ended with status 1$/);
    const killed = toToolFailure({ ...end, stderr: '', exitCode: null, killedBy: 'SIGKILL' });
    expect(killed.message).toMatch(/was ended by SIGKILL$/);
  });

  test('a host without qemu-img has not been touched', () => {
    const stderr = 'sh: 4: qemu-img: not found\n';
    const { failure } = toToolFailure({ ...end, stderr, exitCode: 127 });
    expect(failure).toMatchObject({ code: 'imageToolsUnreachable', effect: 'none' });
  });

  test('an ssh that was lost tells nothing of what went on there', () => {
    const stderr = 'client_loop: send disconnect: Broken pipe\n';
    const { failure } = toToolFailure({ ...end, stderr, exitCode: 255 });
    expect(failure).toMatchObject({ code: 'imageToolsUnreachable', effect: 'unknown' });
  });
});

import { expect, test } from 'vitest';

import { refusalLine } from '../../../src/cli/display/refusal.ts';

const because = (code: string) => ({ code, message: 'it\nfailed', effect: 'none' }) as const;

test.each([
  ['hostUnreachable', 'see that the host and its daemon are up'],
  ['sshFailed', 'let `ssh` get in from here without asking anything'],
  ['tlsFailed', 'see the certificates of both ends'],
  ['authenticationFailed', 'see the name and the password in the auth file'],
  ['unsupportedAuth', 'let the daemon offer SCRAM-SHA-256'],
])('%s: what failed, that nothing was touched, what to do, in one line', (code, advice) => {
  const line = refusalLine(because(code));
  expect(line).toContain(`refused: it failed (${code}); nothing was touched; ${advice}`);
  expect(line).not.toContain('\n');
});

test('an objection of the prechecks says itself what to do', () => {
  expect(refusalLine(because('noBlockJob'))).toBe(
    'virtstate: refused: it failed (noBlockJob); nothing was touched',
  );
});

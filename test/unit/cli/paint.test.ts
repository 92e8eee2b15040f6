import { expect, test } from 'vitest';

import { paintFor } from '../../../src/cli/display/paint.ts';

test('NO_COLOR: no colours', () => {
  expect(paintFor({ NO_COLOR: '1' }).bad('x')).toBe('x');
});

test.each([{}, { NO_COLOR: '' }, { TERM: 'xterm' }])('%o: colours', (environment) => {
  expect(paintFor(environment).bad('x')).toBe('\u001b[31mx\u001b[39m');
});

import { holderOn, holdersOf } from '../picture.ts';
import type { Rule } from '../rule.ts';

export const devicesBack: Rule = {
  name: 'devicesBack',
  invariant: 6,
  says: 'Every device that was taken out of the guest is back in it, or is told to be missing.',
  when: 'end',
  judge: ({ before, after, run }) => {
    // Somebody may take one out by hand, at any time.
    if (run === null) return null;
    for (const was of holdersOf(before)) {
      const now = holderOn(after, was.uri)?.details?.devices ?? null;
      if (now === null) continue;
      const lost = was.details?.devices?.find(
        ({ alias, place }) =>
          !now.some((device) => device.place === place) &&
          !run.artefacts.some(({ kind, path }) => kind === 'device' && path === alias),
      );
      if (lost !== undefined)
        return `${was.uri}: ${lost.alias} (${lost.place}) is not in it any more`;
    }
    return null;
  },
};

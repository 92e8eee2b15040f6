import type { Rule } from '../rule.ts';

export const progressForward: Rule = {
  name: 'progressForward',
  invariant: 9,
  says: 'Progress never goes backwards.',
  when: 'always',
  begin: () => {
    const reached = new Map<string, Map<string, number>>();
    return (entry) => {
      // What was told last before it broke need not be on record, and is done again.
      if (entry.kind === 'runFinished' || entry.kind === 'runBroken') reached.delete(entry.runId);
      if (entry.kind !== 'progressed') return null;
      const streams = reached.get(entry.runId) ?? new Map<string, number>();
      reached.set(entry.runId, streams);
      let objection: string | null = null;
      for (const { stream, processedBytes } of entry.streams) {
        const known = streams.get(stream) ?? 0;
        if (processedBytes < known)
          objection ??= `${stream} went from ${known} to ${processedBytes} bytes`;
        streams.set(stream, Math.max(known, processedBytes));
      }
      return objection;
    };
  },
};

import type { Words } from './shell.ts';

const realUri = /^(qemu|test)(\+\w+)?:\/\/|^URI$|^(SOURCE|DESTINATION)$/;
/** The domain of the simulated world that stands for those of the pages. */
const domain = 'demo';

/**
 * A command for real hosts as one for the simulated ones: the first URI is hostA, what is named as the
 * other end is hostB. Ids of runs become `runId`.
 */
export function simulatedWords(words: Words, runId: string): string[] {
  return words.map((word, at) => {
    const option = words[at - 1] ?? '';
    if (realUri.test(word))
      return ['--to', '--peer', '--dconnuri'].includes(option)
        ? 'simulated:///hostB'
        : 'simulated:///hostA';
    if (word === 'RUN') return runId;
    if (word === 'db1' || word === 'DOMAIN') return domain;
    if (word === 'DISK') return 'vda';
    return word.replace(/^\/fast\//, '/backup/');
  });
}

import { ownVersion } from './own-version.ts';

/**
 * The command line. Nothing heavy is loaded before the command is known: `--version` is answered at
 * once.
 */
export async function main(words: readonly string[] = process.argv.slice(2)): Promise<void> {
  const version = ownVersion();
  if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
    process.stdout.write(`${version}\n`);
    return;
  }
  const { runProcess } = await import('./run-process.ts');
  await runProcess(words, version);
}

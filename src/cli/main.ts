import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The package's own manifest; the same from the sources and from the build. */
function ownVersion(): string {
  const manifest = fileURLToPath(import.meta.resolve('virtstate/package.json'));
  const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
  const hasVersion = typeof parsed === 'object' && parsed !== null && 'version' in parsed;
  return hasVersion ? String(parsed.version) : 'unknown';
}

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

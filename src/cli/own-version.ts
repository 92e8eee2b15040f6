import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The package's own manifest; the same from the sources and from the build. */
export function ownVersion(): string {
  const manifest = fileURLToPath(import.meta.resolve('virtstate/package.json'));
  const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
  const hasVersion = typeof parsed === 'object' && parsed !== null && 'version' in parsed;
  return hasVersion ? String(parsed.version) : 'unknown';
}

import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

const repository = join(import.meta.dirname, '..', '..');
const folders = ['.ci', 'bin', 'lab', 'machines', 'packages', 'src', 'test'];
const generated = /(^|\/)(node_modules|dist)(\/|$)/;

/** A file of the source tree; `path` is told from the repository's root. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** How a file reaches another one: `type` leaves nothing at run time, `dynamic` loads it when asked. */
export type ImportKind = 'value' | 'type' | 'dynamic';

export interface Import {
  /** As written, where it names a package; from the repository's root, where it is relative. */
  readonly target: string;
  readonly kind: ImportKind;
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(join(repository, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(repository, join(entry.parentPath, entry.name)));
}

function foldersPresent(): string[] {
  const present = readdirSync(repository);
  return folders.filter((folder) => present.includes(folder));
}

/** Every file that somebody wrote. */
export function sourceFiles(): readonly SourceFile[] {
  return foldersPresent()
    .flatMap(filesIn)
    .filter((path) => !generated.test(path))
    .map((path) => ({ path, text: readFileSync(join(repository, path), 'utf8') }));
}

const statement = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
const dynamicImport = /\bimport\(\s*'([^']+)'\s*\)/g;

function resolve(from: string, specifier: string): string {
  return specifier.startsWith('.') ? join(from, '..', specifier) : specifier;
}

/** What a TypeScript file imports or re-exports. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const written = [...text.matchAll(statement)].map(([, type, target = '']) => ({
    target: resolve(path, target),
    kind: type === undefined ? ('value' as const) : ('type' as const),
  }));
  const loaded = [...text.matchAll(dynamicImport)].map(([, target = '']) => ({
    target: resolve(path, target),
    kind: 'dynamic' as const,
  }));
  return [...written, ...loaded];
}

/** The checkout's own place on this machine. */
export const repositoryPath = repository;

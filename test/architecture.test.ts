import { homedir, tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { layerOf, layers, objection } from './support/layers.ts';
import { importsOf, repositoryPath, sourceFiles } from './support/source-files.ts';
import type { SourceFile } from './support/source-files.ts';

const files = sourceFiles();
const sources = files.filter(({ path }) => path.endsWith('.ts'));
const written = files.filter(({ path }) => /\.(ts|js|mjs|py|sh)$|^\.ci\//.test(path));

function pathsWhere(list: readonly SourceFile[], isBad: (file: SourceFile) => boolean): string[] {
  return list.filter(isBad).map(({ path }) => path);
}

function objectionsIn(file: SourceFile): string[] {
  const layer = layerOf(file.path);
  if (layer === null) return [];
  return importsOf(file)
    .map((found) => objection(layer, found))
    .filter((text) => text !== null)
    .map((text) => `${file.path}: ${text}`);
}

function linesOf(text: string): number {
  return text.trimEnd().split('\n').length;
}

/** Whether a text holds an absolute path below `place`; `../src/` is not one below `/src`. */
function mentions(text: string, place: string): boolean {
  const before = text.split(`${place}/`).slice(0, -1);
  return before.some((part) => !/[\w.]$/.test(part));
}

describe('imports point one way', () => {
  test('every file belongs to a part of the house plan', () => {
    expect(pathsWhere(sources, ({ path }) => layerOf(path) === null)).toEqual([]);
  });

  test.each(layers.map(({ name }) => name))('%s', (name) => {
    const own = sources.filter(({ path }) => layerOf(path)?.name === name);
    expect(own.flatMap(objectionsIn)).toEqual([]);
  });

  test('what draws is large, and loaded when something is drawn', () => {
    const loaded = sources
      .filter(({ path }) => path.startsWith('src/'))
      .flatMap((file) =>
        importsOf(file).map(({ target, kind }) => `${file.path} ${target} ${kind}`),
      )
      .filter((line) => line.includes(' elkjs '));
    expect(loaded).toContain('src/diagrams/layout.ts elkjs dynamic');
    expect(loaded.filter((line) => line.endsWith(' value'))).toEqual([]);
  });

  test('the walk sees imports of every kind', () => {
    const text = [
      "import { a } from './b.ts';",
      'import type {',
      '  B,',
      "} from '../c.ts';",
      "export * from 'xstate';",
      "const d = await import('./e/f.ts');",
      " * import { no } from './comment.ts';",
    ].join('\n');
    expect(importsOf({ path: 'src/x/y.ts', text })).toEqual([
      { target: 'src/x/b.ts', kind: 'value' },
      { target: 'src/c.ts', kind: 'type' },
      { target: 'xstate', kind: 'value' },
      { target: 'src/x/e/f.ts', kind: 'dynamic' },
    ]);
  });

  test.each([
    ['machines/a.machine.ts', 'src/ports/hypervisor.ts', 'value'],
    ['machines/a.machine.ts', 'src/engine/engine.ts', 'type'],
    ['src/ports/a.ts', 'machines/index.ts', 'type'],
    ['src/adapters/libvirt/a.ts', 'src/adapters/simulated/index.ts', 'value'],
    ['src/engine/a.ts', 'src/store/memory/index.ts', 'value'],
    ['src/bindings/a.ts', 'src/engine/engine.ts', 'type'],
    ['src/cli/commands/a.ts', 'src/adapters/libvirt/index.ts', 'value'],
    ['src/cli/compose.ts', 'lab/index.ts', 'value'],
    ['packages/node-libvirt/src/a.ts', 'src/ports/failure.ts', 'type'],
    ['lab/a.ts', 'src/engine/engine.ts', 'value'],
  ] as const)('%s may not import %s (%s)', (from, target, kind) => {
    const layer = layerOf(from);
    expect(layer && objection(layer, { target, kind })).toContain('may not import');
  });
});

describe('house rules that no linter checks', () => {
  test('no file is longer than 300 lines', () => {
    expect(pathsWhere(written, ({ text }) => linesOf(text) > 300)).toEqual([]);
  });

  test('an index only re-exports', () => {
    const comment = /\/\*[\s\S]*?\*\/|\/\/.*$/gm;
    const reExport = /export\s+(type\s+)?(\{[^}]*\}|\*(\s+as\s+\w+)?)\s+from\s+'[^']+';/g;
    const hasMore = ({ text }: SourceFile): boolean =>
      text.replaceAll(comment, '').replaceAll(reExport, '').trim() !== '';
    const indexes = sources.filter(({ path }) => /(^|\/)index\.ts$/.test(path));
    expect(indexes.length).toBeGreaterThan(0);
    expect(pathsWhere(indexes, hasMore)).toEqual([]);
  });

  test('no file is a drawer for everything', () => {
    const drawer = /(^|\/)(utils?|types|helpers?|common|misc)\.ts$/;
    expect(pathsWhere(sources, ({ path }) => drawer.test(path))).toEqual([]);
  });

  test('file names are in kebab case', () => {
    const kebab = /(^|\/)[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*\.ts$/;
    expect(pathsWhere(sources, ({ path }) => !kebab.test(path))).toEqual([]);
  });

  test('no file names a place on the machine where it was written', () => {
    const places = [repositoryPath, homedir(), tmpdir()];
    const names = ({ text }: SourceFile): boolean => places.some((place) => mentions(text, place));
    expect(pathsWhere(files, names)).toEqual([]);
  });
});

import type { Import } from './source-files.ts';

/** A part of the house, and what it may know of the others. */
export interface Layer {
  readonly name: string;
  /** Folders (with a closing slash) and files that belong to it. */
  readonly paths: readonly string[];
  /** Layers that it may import beside itself; `*` is all of them. */
  readonly may: readonly string[];
  /** Layers of which it may import types only. */
  readonly mayType?: readonly string[];
  /** Layers that it may load when they are asked for. */
  readonly mayLoad?: readonly string[];
  /** Packages that it may import; `node:` is Node's own, `*` is all of them. */
  readonly packages: readonly string[];
}

/** The house plan: imports point one way. A path belongs to the first layer that claims it. */
export const layers: readonly Layer[] = [
  // What a disk lies on is data; charts and adapters tell two places apart in the same way.
  { name: 'disk source', paths: ['src/ports/disk-source.ts'], may: [], packages: [] },

  // Charts are data: what they need of the world is told by types.
  {
    name: 'policy',
    paths: ['machines/policy/'],
    may: ['disk source'],
    mayType: ['machines', 'ports'],
    packages: [],
  },
  {
    name: 'regions',
    paths: ['machines/regions/'],
    may: ['policy'],
    mayType: ['machines', 'ports'],
    packages: [],
  },
  {
    name: 'machines',
    paths: ['machines/'],
    may: ['policy', 'regions'],
    mayType: ['ports'],
    packages: ['xstate'],
  },

  { name: 'ports', paths: ['src/ports/'], may: ['disk source'], packages: [] },
  {
    name: 'adapters/images',
    paths: ['src/adapters/images/'],
    may: ['ports', 'disk source'],
    packages: ['node-libvirt', 'zod', 'node:'],
  },
  {
    name: 'adapters/libvirt',
    paths: ['src/adapters/libvirt/'],
    may: ['ports', 'disk source', 'adapters/images'],
    packages: ['node-libvirt', '@xmldom/xmldom', 'zod', 'node:'],
  },
  {
    name: 'adapters/simulated',
    paths: ['src/adapters/simulated/'],
    may: ['ports', 'disk source'],
    packages: ['@xmldom/xmldom', 'zod', 'node:'],
  },
  {
    name: 'store',
    paths: ['src/store/'],
    may: ['ports', 'disk source'],
    packages: ['node:', 'zod'],
  },

  // What may be asked of the workflows, as a file or a request says it.
  {
    name: 'requests',
    paths: ['src/requests/'],
    may: ['machines', 'policy', 'ports', 'disk source'],
    packages: ['zod'],
  },
  { name: 'config', paths: ['src/config/'], may: ['requests'], packages: ['zod', 'node:'] },

  // The shape of a slot is what bindings fill and the engine runs.
  {
    name: 'slots',
    paths: ['src/engine/slots.ts'],
    may: ['ports', 'disk source'],
    packages: ['xstate'],
  },
  {
    name: 'engine',
    paths: ['src/engine/'],
    may: ['ports', 'disk source', 'slots'],
    packages: ['xstate', 'eventemitter3', 'safe-stable-stringify', 'zod', 'node:'],
  },
  // Somebody elsewhere who is told what the engine does.
  { name: 'inspection', paths: ['src/inspection/'], may: ['engine', 'ports'], packages: [] },
  {
    name: 'bindings',
    paths: ['src/bindings/'],
    may: ['machines', 'policy', 'ports', 'disk source', 'slots'],
    packages: ['node:os', 'node:path'],
  },
  {
    name: 'diagrams',
    paths: ['src/diagrams/'],
    may: ['machines'],
    packages: ['xstate', 'elkjs', 'node:'],
  },
  {
    name: 'testing',
    paths: ['src/testing/'],
    may: [
      'engine',
      'slots',
      'machines',
      'policy',
      'ports',
      'disk source',
      'adapters/simulated',
      'store',
    ],
    packages: ['xstate', 'vitest', 'node:'],
  },
  {
    name: 'service',
    paths: ['src/service/'],
    may: ['engine', 'slots', 'ports', 'requests', 'config', 'disk source'],
    mayType: ['inspector'],
    packages: ['*'],
  },
  // It runs in a browser: of the server it knows the shapes of what it is told.
  {
    name: 'inspector page',
    paths: ['src/inspector/page/'],
    may: [],
    mayType: ['inspector'],
    packages: [],
  },
  {
    name: 'inspector',
    paths: ['src/inspector/'],
    may: ['engine', 'slots', 'ports', 'disk source', 'diagrams'],
    packages: ['*'],
  },

  // Commands show and ask; only what composes them knows which adapter and which store.
  { name: 'compose', paths: ['src/cli/compose.ts'], may: ['*'], mayLoad: ['lab'], packages: ['*'] },
  {
    name: 'cli',
    paths: ['src/cli/'],
    may: [
      'compose',
      'engine',
      'slots',
      'bindings',
      'machines',
      'policy',
      'ports',
      'requests',
      'config',
      'disk source',
    ],
    mayType: ['adapters/simulated', 'service', 'inspector', 'diagrams'],
    mayLoad: ['lab', 'diagrams', 'service', 'inspector'],
    packages: ['*'],
  },
  {
    name: 'entry',
    paths: ['src/index.ts', 'src/create-engine.ts', 'src/create-service.ts'],
    may: [
      'bindings',
      'engine',
      'slots',
      'ports',
      'disk source',
      'adapters/images',
      'inspection',
      // What is served is told in the words of the command line.
      'cli',
      'config',
      'service',
    ],
    mayType: ['machines'],
    packages: ['xstate', 'node:'],
  },

  {
    name: 'client',
    paths: ['packages/node-libvirt/src/'],
    may: [],
    packages: ['eventemitter3', 'node:'],
  },
  {
    name: 'client tests',
    paths: ['packages/node-libvirt/test/'],
    may: ['client'],
    packages: ['vitest', 'fast-check', 'node:'],
  },
  {
    name: 'lab',
    paths: ['lab/'],
    may: [],
    packages: ['commander', 'zod', '@xmldom/xmldom', 'node:'],
  },
  { name: 'test', paths: ['test/', 'vitest.config.ts'], may: ['*'], packages: ['*'] },
];

/** The layer that claims a path; null where none does. */
export function layerOf(path: string): Layer | null {
  const claims = ({ paths }: Layer): boolean =>
    paths.some((own) => (own.endsWith('/') ? path.startsWith(own) : path === own));
  return layers.find(claims) ?? null;
}

function includes(list: readonly string[] | undefined, name: string): boolean {
  return list?.some((entry) => entry === '*' || entry === name) === true;
}

function mayUsePackage({ packages }: Layer, specifier: string): boolean {
  return packages.some(
    (name) =>
      name === '*' ||
      name === specifier ||
      specifier.startsWith(name.endsWith(':') ? name : `${name}/`),
  );
}

function mayReach(from: Layer, to: Layer, kind: Import['kind']): boolean {
  if (from === to) return true;
  // The lab stays out of what is shipped: nobody there may need it.
  if (to.name === 'lab' && from.name !== 'test') {
    return kind === 'dynamic' && includes(from.mayLoad, 'lab');
  }
  if (includes(from.may, to.name)) return true;
  if (kind === 'type') return includes(from.mayType, to.name);
  return kind === 'dynamic' && includes(from.mayLoad, to.name);
}

/** Why a file of `from` may not import this; null where it may. */
export function objection(from: Layer, { target, kind }: Import): string | null {
  const isFile = target.endsWith('.ts');
  if (!isFile) {
    return mayUsePackage(from, target) ? null : `${from.name} may not import package ${target}`;
  }
  const to = layerOf(target);
  if (to === null) return `${target} belongs to no layer`;
  return mayReach(from, to, kind) ? null : `${from.name} may not import ${to.name} (${kind})`;
}

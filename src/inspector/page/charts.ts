import type { Member, Moment, UnderWay } from './story.ts';
import type { Chart, ChartNode } from './wire.ts';

/** The chart of a machine, by the paths of its states. */
export class ChartBook {
  readonly #byPath: ReadonlyMap<string, ChartNode>;
  readonly #byId: ReadonlyMap<string, ChartNode>;
  readonly version: string;

  constructor({ nodes, version }: Chart) {
    this.version = version;
    this.#byPath = new Map(nodes.map((node) => [node.path.join('.'), node]));
    this.#byId = new Map(nodes.map((node) => [node.id, node]));
  }

  /** From the state itself out to the machine; empty where there is no such state. */
  around(path: string): ChartNode[] {
    const found: ChartNode[] = [];
    let node = this.#byPath.get(path);
    while (node !== undefined) {
      found.push(node);
      node = this.#byId.get(node.parent ?? '');
    }
    return found;
  }

  description(path: string): string {
    return this.#byPath.get(path)?.description ?? '';
  }

  tags(path: string): readonly string[] {
    return [...new Set(this.around(path).flatMap(({ tags }) => tags))];
  }

  /** The innermost of the regions that run beside others; empty where none does. */
  region(path: string): string {
    const around = this.around(path);
    const found = around.find((_, at) => around[at + 1]?.type === 'parallel');
    return found?.path.join('.') ?? '';
  }

  /** What an invoke stands for outside: an API call, or a command of QEMU. */
  callOf(invoke: string): string | null {
    const node = [...this.#byId.values()].find(({ invokes }) =>
      invokes.some(({ id }) => id === invoke),
    );
    return node?.meta.call ?? null;
  }
}

/** By the machine's id; charts come after what they are needed for. */
export type Charts = ReadonlyMap<string, ChartBook>;

export function tagsOf({ machine, states, isOver }: Member, charts: Charts): ReadonlySet<string> {
  const book = charts.get(machine);
  if (book === undefined || isOver) return new Set();
  return new Set([...states.keys()].flatMap((path) => book.tags(path)));
}

/** Of everything that is active. */
export function tagsAt({ members }: Moment, charts: Charts): ReadonlySet<string> {
  return new Set([...members.values()].flatMap((member) => [...tagsOf(member, charts)]));
}

export function callOf({ id, of }: UnderWay, charts: Charts): string | null {
  return charts.get(of)?.callOf(id) ?? null;
}

/** What a region rests in says nothing of where the run stands. */
const resting =
  /^(?:letting|watching|trusting|expecting|notBegun|idle|over|steady|awaitingJob|unbounded|within|choosing|holding|settled|performing)$/;

/** The states that tell where a family stands: of the innermost run that is at work, what does not rest. */
export function standing({ members }: Moment, charts: Charts): { machine: string; path: string }[] {
  const last = [...members.values()].findLast(({ isOver }) => !isOver) ?? [...members.values()][0];
  if (last === undefined) return [];
  const paths = [...last.states.keys()];
  const busy = paths.filter((path) => !isResting(path, charts.get(last.machine)));
  return (busy.length > 0 ? busy : paths).map((path) => ({ machine: last.machine, path }));
}

/** Only a region beside others may rest. */
export function isResting(path: string, book: ChartBook | undefined): boolean {
  if (!resting.test(path.split('.').at(-1) ?? '')) return false;
  return book === undefined ? path.includes('.') : book.region(path) !== '';
}

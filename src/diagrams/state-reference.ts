import { allMachines } from './all-machines.ts';
import { chartOf } from './chart.ts';
import type { Chart, ChartNode } from './chart.ts';
import { edgeLabel, mergeEdges } from './edge-labels.ts';
import type { ChartEdge } from './edges.ts';
import { framesOf, undoingOf } from './state-undoing.ts';
import { nameOf, stays } from './told.ts';

/** One machine as a page: every state with all that the chart says of it. */
class Page {
  readonly #chart: Chart;
  readonly #name: string;
  readonly #nodes: ReadonlyMap<string, ChartNode>;
  readonly #edges: ReadonlyMap<string, readonly ChartEdge[]>;
  /** Files by the id of their machine. */
  readonly #files: ReadonlyMap<string, string>;

  constructor(name: string, chart: Chart, files: ReadonlyMap<string, string>) {
    this.#chart = chart;
    this.#name = name;
    this.#files = files;
    this.#nodes = new Map(chart.nodes.map((node) => [node.id, node]));
    this.#edges = Map.groupBy(chart.edges, ({ source }) => source);
  }

  text(): string {
    const { description, id, nodes, version } = this.#chart;
    const drawn = `[picture](../../diagrams/${this.#name}.svg), [Mermaid](../../diagrams/${this.#name}.mmd)`;
    const root = nodes.filter(({ path }) => path.length === 0).flatMap((node) => this.#facts(node));
    const states = nodes.filter(({ path }) => path.length > 0).flatMap((node) => this.#state(node));
    return [
      `# ${this.#name}`,
      '',
      escaped(description),
      '',
      `Written by \`npm run diagrams\` from the machine \`${id}\`, version ${version}: ${drawn}. [How to read it](index.md).`,
      '',
      ...root,
      ...(root.length > 0 ? [''] : []),
      ...states,
    ]
      .join('\n')
      .trimEnd()
      .concat('\n');
  }

  #state(node: ChartNode): string[] {
    const told = node.description === '' ? [] : [escaped(node.description), ''];
    return [`## \`${node.path.join('.')}\``, '', ...told, ...this.#facts(node), ''];
  }

  #facts(node: ChartNode): string[] {
    const { call, source, novaTaskState } = node.meta;
    const undoing = undoingOf(node, this.#chart);
    return [
      ...this.#kindOf(node),
      ...line('Tags', node.tags.map(code).join(', ')),
      ...(node.path.length === 0 ? [] : line('Can be undone', undoing)),
      ...line('Phase', phaseWords(node)),
      ...line('Call', typeof call === 'string' ? escaped(call) : null),
      ...line('In Nova', typeof novaTaskState === 'string' ? code(novaTaskState) : null),
      ...line('Why', typeof source === 'string' ? escaped(source) : null),
      ...node.invokes.map(({ id, src, machine }) => `- Runs: ${this.#runs(id, src, machine)}`),
      ...this.#staying(node),
      ...this.#going(node),
      ...this.#heardAround(node),
    ];
  }

  #kindOf({ initial, type }: ChartNode): string[] {
    const first = initial === null ? undefined : this.#nodes.get(initial);
    if (first !== undefined) return [`- Frame: ${code(nameOf(first))} is entered first`];
    if (type === 'parallel') return ['- Regions: all states in it are active at once'];
    return type === 'final' ? ['- Final'] : [];
  }

  #runs(id: string, src: string, machine: string | null): string {
    if (machine === null) return id === src ? code(src) : `${code(src)} as ${code(id)}`;
    const file = this.#files.get(machine);
    return `the machine ${file === undefined ? code(machine) : `[${file}](${file}.md)`}`;
  }

  #staying(node: ChartNode): string[] {
    const staying = (this.#edges.get(node.id) ?? []).filter(stays);
    const byActions = Map.groupBy(staying, ({ actions }) =>
      actions.map(({ name }) => name).join(', '),
    );
    return [...byActions].map(([actions, edges]) => {
      const events = [...new Set(edges.map(edgeLabel))].map(code).join(', ');
      return actions === ''
        ? `- Heard, and nothing is done: ${events}`
        : `- Stays: ${events} (${actions})`;
    });
  }

  #going(node: ChartNode): string[] {
    const going = (this.#edges.get(node.id) ?? []).filter((edge) => !stays(edge));
    const lines = mergeEdges(going).map(({ labels, target }) => {
      const when = labels.map(code).join(', ');
      return `  - ${this.#pathOf(target)}${when === '' ? '' : `: ${when}`}`;
    });
    return lines.length === 0 ? [] : ['- Goes to', ...lines];
  }

  /** Events of the frames around it, which are told there. */
  #heardAround(node: ChartNode): string[] {
    return framesOf(node, this.#nodes).flatMap((frame) => {
      const edges = (this.#edges.get(frame.id) ?? []).map((edge) => ({ ...edge, guard: null }));
      const events = [...new Set(edges.map(edgeLabel))].filter((event) => event !== '');
      if (events.length === 0 || node.type === 'final') return [];
      const where = frame.path.length === 0 ? 'the machine' : code(frame.path.join('.'));
      return [`- Also, as ${where} says: ${events.map(code).join(', ')}`];
    });
  }

  #pathOf(id: string): string {
    return code(this.#nodes.get(id)?.path.join('.') ?? id);
  }
}

/** Every phase of libvirt says how it is known to have been reached. */
function phaseWords({ meta }: ChartNode): string | null {
  const { evidence, milestone, phase } = meta;
  const known = evidence === 'ours' ? 'ours' : 'observed or inferred';
  if (typeof phase === 'string') return `${code(phase)}, ${known}`;
  return typeof milestone === 'string' ? `${code(milestone)}, ${known}` : null;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** What Markdown would take for its own. */
function escaped(text: string): string {
  return text.replaceAll(/[*_<]/g, (sign) => `\\${sign}`);
}

function line(name: string, text: string | null): string[] {
  return text === null || text === '' ? [] : [`- ${name}: ${text}`];
}

const legend = `Every state of every machine, as the machine itself says it. Written by \`npm run diagrams\`; a test fails while a page differs from its machine.

- A state is named by its path. A **frame** holds states, one of which is active; the states of **regions** are active all at once. What a frame takes, every state in it takes, unless it has an answer of its own.
- **Can be undone** says what an abort would leave; of regions, the one that says something holds. **Tags** are what programs ask for (\`run.tags()\`, \`virtstate show\`).
- **Phase** is libvirt's own name, or a milestone between two phases. \`ours\`: we made the call that is the phase. \`observed or inferred\`: an event or a read proves it, or a later proof implies it; the run says which.
- **Call** is what the state stands for at libvirt, QEMU or \`qemu-img\`. **Runs** names the slots and machines at work; [writing a machine](../writing-a-machine.md) tells what slots are.
- **Goes to** has the transitions, in the order in which they are tried: \`done\` and \`✗ error\` are the end of what runs, \`after X\` is a timeout, a guard stands in brackets, and a guard alone is decided at once. \`(…)\` is known only while it runs.
- **Stays** has events of which something is noted. Operators send those of [the command line](../cli.md) (\`abort.requested\` is \`virtstate abort\`).
- \`needsOperator\`: what is true then, and what to do, is told in [operations](../operations.md).`;

/** Everything in the folder `docs/states`: text by file name, the same for the same machines. */
export function stateFiles(): ReadonlyMap<string, string> {
  const charts = [...allMachines()].map(([name, machine]) => [name, chartOf(machine)] as const);
  const names = new Map(charts.map(([name, { id }]) => [id, name]));
  const pages = charts.map(([name, chart]): [string, string] => [
    `${name}.md`,
    new Page(name, chart, names).text(),
  ]);
  const rows = charts.map(
    ([name, { description, nodes }]) =>
      `- [${name}](${name}.md), ${nodes.length - 1} states: ${escaped(description)}`,
  );
  const index = ['# States', '', legend, '', ...rows, ''].join('\n');
  return new Map([...pages, ['index.md', index]]);
}

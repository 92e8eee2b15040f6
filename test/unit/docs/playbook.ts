import { textOf } from './blocks.ts';

/** An entry of docs/operations.md: what to do about one code. */
export interface Entry {
  /** `null`: any code that has no entry of its own. */
  readonly code: string | null;
  readonly section: string;
  readonly text: string;
  /** The states that it comes from, by the name of the machine's file. */
  readonly from: ReadonlyMap<string, readonly string[]>;
}

const anyOther = 'any other code';

function entryOf(section: string, part: string): Entry {
  const [heading = ''] = part.split('\n');
  const [, code] = /^`(\w+)`$/.exec(heading) ?? [];
  if (code === undefined && heading !== anyOther) throw new Error(`no entry: ${heading}`);
  const lines = [...part.matchAll(/^- From ([^:]+): (.+)$/gm)];
  const from = lines.map(([, machine = '', states = '']) => {
    return [machine.replaceAll('`', ''), states.replaceAll('`', '').split(', ')] as const;
  });
  return { code: code ?? null, section, text: part, from: new Map(from) };
}

/** All entries, in the order of the page. */
export const playbook: readonly Entry[] = textOf('docs/operations.md')
  .split(/^## /m)
  .flatMap((section) => {
    const [name = '', ...entries] = section.split(/^### /m);
    return entries.map((entry) => entryOf(name.split('\n')[0] ?? '', entry));
  });

/** The entry for a code that a machine ends with when it comes from that state. */
export function entryFor(machine: string, state: string, code: string): Entry | undefined {
  const here = playbook.filter(({ from }) => from.get(machine)?.includes(state) === true);
  return here.find((entry) => entry.code === code) ?? here.find((entry) => entry.code === null);
}

/** Whether the page says what to do where that machine ends with that code. */
export function hasEntry(machine: string, code: string): boolean {
  const here = playbook.filter(({ from }) => from.has(machine));
  return here.some((entry) => entry.code === code || entry.code === null);
}

import { callOf } from './charts.ts';
import type { Charts } from './charts.ts';
import { el } from './dom.ts';
import type { Line, Peer } from './peers.ts';
import { linesOf, peers } from './peers.ts';
import type { Panel, Picture } from './picture.ts';
import { beganAtMs } from './picture.ts';
import type { Moment } from './story.ts';
import { offset } from './words.ts';

const names: Readonly<Record<Peer, string>> = {
  us: 'virtstate',
  source: 'Source host',
  destination: 'Destination host',
  qemu: 'QEMU',
  agent: 'Guest agent',
};

/** Who said what to whom, line by line; whoever says nothing has no column. */
export function sequencePanel(go: (step: number) => void): Panel {
  const heads = el('div', { class: 'peers', 'aria-hidden': 'true' });
  const list = el('ol', { class: 'lines' });
  const element = el('div', { class: 'sequence' }, heads, list);
  let lines: readonly Line[] = [];
  let rows: readonly HTMLElement[] = [];
  let known: { readonly first: Moment | undefined; readonly count: number } | null = null;
  const draw = ({ charts, moments, ...rest }: Picture): void => {
    lines = moments.flatMap((moment, at) => toldIn(moment, moments[at - 1] ?? null, charts));
    const columns = peers.filter((peer) =>
      lines.some(({ from, to }) => from === peer || to === peer),
    );
    element.style.setProperty('--columns', String(columns.length));
    heads.replaceChildren(...columns.map((peer, at) => headOf(peer, at)));
    const beganMs = beganAtMs({ charts, moments, ...rest });
    rows = lines.map((line) => rowOf(line, { columns, beganMs, go }));
    list.replaceChildren(...rows);
    known = { first: moments[0], count: moments.length };
  };
  return {
    element,
    show: (picture) => {
      const { at, charts, moments } = picture;
      if (moments.some(({ step }) => !charts.has(step.machine))) return;
      if (known?.first !== moments[0] || known?.count !== moments.length) draw(picture);
      const seq = moments[at]?.step.seq ?? 0;
      for (const [place, line] of lines.entries())
        rows[place]?.classList.toggle('later', line.seq > seq);
    },
  };
}

function headOf(peer: Peer, at: number): HTMLElement {
  const head = el('span', { class: 'peer' }, names[peer]);
  head.style.gridColumn = String(at + 2);
  return head;
}

function toldIn({ step }: Moment, before: Moment | null, charts: Charts): Line[] {
  return linesOf(step, {
    callOf: (invoke) => charts.get(step.machine)?.callOf(invoke) ?? null,
    srcOf: (key) => {
      const actor = before?.underWay.get(key);
      if (actor === undefined || actor.machine !== null) return null;
      return { src: actor.src, call: callOf(actor, charts) };
    },
  });
}

interface RowParts {
  readonly columns: readonly Peer[];
  readonly beganMs: number;
  readonly go: (step: number) => void;
}

/** An arrow over the columns between its ends; read out, it is a sentence. */
function rowOf(line: Line, { beganMs, columns, go }: RowParts): HTMLElement {
  const { call, from, kind, to, words } = line;
  const [one, other] = [columns.indexOf(from), columns.indexOf(to)];
  const way = one > other ? 'back' : 'forth';
  const said = el(
    'button',
    { type: 'button', class: `said ${kind} ${way}`, onclick: () => go(line.seq) },
    el('span', { class: 'unseen' }, `${names[from]} to ${names[to]}, ${kind}: `),
    words,
    call === null ? null : el('code', { class: 'call' }, ` ${call}`),
  );
  // From the middle of one column to that of the other.
  said.style.setProperty('--span', String(one === other ? 10 : Math.abs(one - other) + 1));
  said.style.gridColumn = `${Math.min(one, other) + 2} / ${Math.max(one, other) + 3}`;
  return el('li', { 'data-seq': line.seq }, el('time', {}, offset(line.at - beganMs)), said);
}

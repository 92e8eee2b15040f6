import { describe, expect, test } from 'vitest';
import { allMachines, chartOf, layoutChart } from '../../../src/diagrams/index.ts';
import type { Layout, PlacedState, Point, Rectangle } from '../../../src/diagrams/index.ts';
import { overlap, piecesOf, textOf } from './places.ts';

const charts = [...allMachines()].map(([name, machine]) => ({ name, chart: chartOf(machine) }));

/** Every place with words in it, and whose it is. */
function placesWithWords({ states, arrows }: Layout): { of: string; place: Rectangle }[] {
  return [
    ...states.map((state) => ({ of: state.node.id, place: textOf(state) })),
    ...arrows.flatMap(({ from, to, labelAt }) =>
      labelAt === null ? [] : [{ of: `${from} > ${to}`, place: labelAt }],
    ),
  ];
}

function isInside(inner: Rectangle, outer: Rectangle): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

function touches(point: Point | undefined, { x, y, width, height }: Rectangle): boolean {
  if (point === undefined) return false;
  const slackPx = 0.2;
  const within = isInside(
    { ...point, width: 0, height: 0 },
    { x: x - slackPx, y: y - slackPx, width: width + 2 * slackPx, height: height + 2 * slackPx },
  );
  const distances = [point.x - x, x + width - point.x, point.y - y, y + height - point.y];
  return within && Math.min(...distances.map(Math.abs)) <= slackPx;
}

describe.each(charts)('$name', async ({ chart }) => {
  const layout = await layoutChart(chart);
  const { states, arrows } = layout;
  const byId = new Map(states.map((state): [string, PlacedState] => [state.node.id, state]));

  test('has a place for every state', () => {
    expect(states.map(({ node }) => node.id)).toEqual(chart.nodes.slice(1).map(({ id }) => id));
  });

  test('no words lie upon others', () => {
    const places = placesWithWords(layout);
    const overlapping = places.flatMap((one, at) =>
      places
        .slice(at + 1)
        .filter((other) => overlap(one.place, other.place))
        .map((other) => `${one.of} and ${other.of}`),
    );
    expect(overlapping).toEqual([]);
  });

  test('words lie upon the border of no frame', () => {
    const frames = states.filter(({ isFrame }) => isFrame);
    const crossed = arrows.flatMap(({ from, to, labelAt }) =>
      frames
        .filter((frame) => labelAt !== null && overlap(labelAt, frame) && !isInside(labelAt, frame))
        .map((frame) => `${from} > ${to} upon ${frame.node.id}`),
    );
    expect(crossed).toEqual([]);
  });

  test('a state lies in the frame that holds it, below its text', () => {
    const astray = states.filter((state) => {
      const frame = byId.get(state.node.parent ?? '');
      return (
        frame !== undefined &&
        !(isInside(state, frame) && state.y >= textOf(frame).y + frame.text.height)
      );
    });
    expect(astray.map(({ node }) => node.id)).toEqual([]);
  });

  test('no two states lie upon one another unless one holds the other', () => {
    const leaves = states.filter(({ isFrame }) => !isFrame);
    const overlapping = leaves.flatMap((leaf) =>
      states
        .filter((other) => other !== leaf && overlap(leaf, other) && !isInside(leaf, other))
        .map((other) => `${leaf.node.id} and ${other.node.id}`),
    );
    expect(overlapping).toEqual([]);
  });

  test('no line of an arrow crosses words that are not its own', () => {
    const words = placesWithWords(layout);
    const crossing = arrows.flatMap((arrow) =>
      words
        .filter(({ place }) => place !== arrow.labelAt)
        .filter(({ place }) => piecesOf(arrow.points).some((piece) => overlap(piece, place)))
        .map(({ of }) => `${arrow.from} > ${arrow.to} crosses ${of}`),
    );
    expect(crossing).toEqual([]);
  });

  test('every arrow leads from the border of its state to that of the other', () => {
    const loose = arrows.filter(({ from, to, points }) => {
      const source = byId.get(from);
      const target = byId.get(to);
      const begins = source === undefined || touches(points[0], source);
      return !begins || target === undefined || !touches(points.at(-1), target);
    });
    expect(loose.map(({ from, to }) => `${from} > ${to}`)).toEqual([]);
  });

  test('every transition is told: as an arrow, within its state, or as what it does there', () => {
    const drawn = new Set(arrows.map(({ source, target }) => `${source} > ${target}`));
    const untold = chart.edges.flatMap(({ source, targets }) =>
      targets.filter((target) => {
        const words = byId.get(source)?.text.lines ?? [];
        const jumps = words.some((line) => line.target === target);
        return target !== source && !jumps && !drawn.has(`${source} > ${target}`);
      }),
    );
    expect(untold).toEqual([]);
  });
});

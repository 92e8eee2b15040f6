import type { PlacedState, Point, Rectangle } from '../../../src/diagrams/index.ts';

/** Whether two places share more than a border. */
export function overlap(one: Rectangle, other: Rectangle): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

/** Where a state's own words are: all of a leaf, the upper left of a frame. */
export function textOf({ x, y, text, isFrame, width, height }: PlacedState): Rectangle {
  return isFrame ? { x, y, width: text.width, height: text.height } : { x, y, width, height };
}

/** The straight pieces of a line, as places of no width. */
export function piecesOf(points: readonly Point[]): Rectangle[] {
  return points.slice(1).map((end, at) => {
    const start = points[at] ?? end;
    return {
      x: Math.min(start.x, end.x),
      y: Math.min(start.y, end.y),
      width: Math.abs(start.x - end.x),
      height: Math.abs(start.y - end.y),
    };
  });
}

import { readFile } from 'node:fs/promises';

/**
 * What is mounted at a directory or below it, the innermost first. Source: /proc/self/mountinfo,
 * proc(5).
 */
export async function mountPointsBelow(directory: string): Promise<string[]> {
  const points: string[] = [];
  for (const line of (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')) {
    const escaped = line.split(' ')[4];
    if (escaped === undefined) continue;
    const point = escaped.replaceAll(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    if (point === directory || point.startsWith(`${directory}/`)) points.push(point);
  }
  return points.toReversed();
}

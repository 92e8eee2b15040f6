/** Pictures a second, at most. */
export const picturesPerS = 10;
const intervalMs = 1_000 / picturesPerS;

/** Calls at once where the last picture is old enough, else as soon as it is; many calls are one. */
export function paced(draw: () => void): () => void {
  let lastMs = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const drawNow = (): void => {
    timer = undefined;
    lastMs = performance.now();
    draw();
  };
  return () => {
    timer ??= setTimeout(drawNow, Math.max(0, lastMs + intervalMs - performance.now()));
  };
}

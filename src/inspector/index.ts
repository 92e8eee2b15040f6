export type { ContextChange, Frame, StartedActor } from './frame.ts';
export { createInspector } from './inspector.ts';
export type { ChartFiles, Inspector } from './inspector.ts';
export type { PageFile } from './page-files.ts';
export type { FindMachine, ReadFrames } from './replay.ts';
export { replayFamily } from './replay.ts';

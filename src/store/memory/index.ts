export { MemoryStore } from './memory-store.ts';
export { SharedMemory } from './shared-memory.ts';

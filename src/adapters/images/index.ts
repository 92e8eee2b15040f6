export { createImageStores } from './image-stores.ts';
export { directoryStore } from './directory-store.ts';
export { hostImages, launchedImages } from './host-images.ts';
export type { Launch } from './launch.ts';

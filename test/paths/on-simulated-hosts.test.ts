import {
  describeSaves,
  mainSavePaths,
  openSimulatedGuest,
  savePaths,
} from '../support/paths-on-hosts.ts';

describeSaves([...mainSavePaths, ...savePaths], openSimulatedGuest);

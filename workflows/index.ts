/** What the worker runs: Temporal finds workflows by the names exported here. */
export { command } from './command.ts';
export { welcome } from './welcome.ts';
export { maintenance } from './maintenance.ts';
export { repairLedger } from './repair-ledger.ts';
export { refCoordinator } from './ref-coordinator.ts';
export { slsaBuildPipeline } from './slsa-build-pipeline.ts';

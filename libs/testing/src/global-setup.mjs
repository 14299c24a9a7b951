// Jest runs this once, before all projects. The variables reach the workers, which are started after it.
import { startTestEngines } from '../../../tools/engines/test-engines.ts';

export default async function globalSetup() {
  const engines = await startTestEngines();
  Object.assign(process.env, engines.addresses);
  globalThis.testEngines = engines;
}

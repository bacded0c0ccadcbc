import { ensureVenv } from './python.ts'

/** KServe's Python package, server and clients, at the release whose answers src/behind/kserve gives. */
export const kservePython = (): Promise<string> => ensureVenv('kserve', ['kserve==0.21.0'])

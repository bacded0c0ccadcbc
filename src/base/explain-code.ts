import { type FaultCode, faultRows } from './fault.ts'
import type { Meaning } from './faults/fault-row.ts'
import { codesSpokenByAuthz, spokenCodes } from './faults/spoken-codes.ts'

/** A code as `explain-code` prints it. */
export interface ExplainedCode extends Meaning {
  readonly code: string
  readonly name: string
}

/** Finds a code by its number or its name, in any case. Undefined: this room knows no such code. */
export function explainCode(typed: string): ExplainedCode | undefined {
  return explainedCodes.find(({ code, name }) => [code, name].includes(typed.toUpperCase()))
}

/** Every code of this room. */
export const explainedCodes: readonly ExplainedCode[] = [
  ...(Object.keys(faultRows) as FaultCode[]).map((name) => {
    const { number: code, meaning, remedy } = faultRows[name]
    return { code, name, meaning, remedy }
  }),
  ...Object.entries({ ...spokenCodes, ...codesSpokenByAuthz }).map(([code, { name, meaning, remedy }]) => ({
    code,
    name,
    meaning,
    remedy,
  })),
]

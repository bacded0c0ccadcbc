import { sessionStoreSuite } from '../testing/session-store-suite.ts'
import { memorySessions } from './memory.ts'

sessionStoreSuite('memory', memorySessions)

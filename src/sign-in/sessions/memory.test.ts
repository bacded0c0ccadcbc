import { memorySessions } from './memory.ts'
import { sessionStoreSuite } from './store-suite.ts'

sessionStoreSuite('memory', memorySessions)

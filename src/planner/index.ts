export type {
  Change,
  Effect,
  FindingLine,
  Intended,
  KubeObject,
  ObjectName,
  Plan,
  PlanSource,
} from './plan.ts'

import type { Route } from './service.ts'
export const recurringRunRoutes: readonly Route[] = []

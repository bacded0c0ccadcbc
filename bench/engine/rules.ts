/**
 * Policies and requests as every engine is given them: 40 % exact paths, 40 % prefixes, 20 % suffixes;
 * half with methods; half with a principal; three quarters with a group; 4 % DENY. The same seed makes
 * the same ones.
 */
import { type Random, seeded } from '../kit/random.ts'

export interface BenchRule {
  readonly action: 'ALLOW' | 'DENY'
  readonly path: { readonly kind: 'exact' | 'prefix' | 'suffix'; readonly text: string }
  /** Empty = every method. */
  readonly methods: readonly string[]
  /** `issuer/subject`; undefined = anybody who has signed in. */
  readonly principal?: string
  readonly group?: string
}

/** What a decision is made from, already read: peers get this, kfdoor the request it comes from. */
export interface BenchInput {
  readonly method: string
  readonly path: string
  readonly principal: string
  readonly groups: readonly string[]
}

export interface RuleBook {
  readonly rules: readonly BenchRule[]
  readonly inputs: readonly BenchInput[]
}

export const issuer = 'https://issuer.example.com'
const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']

interface Person {
  readonly principal: string
  readonly groups: readonly string[]
}

/** Sixty-four people, each in up to four of forty groups. */
function makePeople(random: Random): readonly Person[] {
  return Array.from({ length: 64 }, (_, i) => ({
    principal: `${issuer}/user-${i}`,
    groups: [...new Set(Array.from({ length: 1 + random.below(4) }, () => `team-${random.below(40)}`))],
  }))
}

export function makeRuleBook(size: number, requests = 512): RuleBook {
  const random = seeded(size)
  const people = makePeople(random)
  const rules = Array.from({ length: size }, (_, i) => makeRule(random, i, people))
  const inputs = Array.from({ length: requests }, (_, i) => makeInput(random, rules, people, i))
  // Texts as they come out of a parser, not as they were put together here.
  return { rules, inputs: JSON.parse(JSON.stringify(inputs)) as readonly BenchInput[] }
}

function makeRule(random: Random, index: number, people: readonly Person[]): BenchRule {
  const person = random.pick(people)
  const kind = random.next()
  const path =
    kind < 0.4
      ? ({ kind: 'exact', text: `/apis/v1beta1/namespaces/ns-${index % 97}/models/model-${index}` } as const)
      : kind < 0.8
        ? ({ kind: 'prefix', text: `/serving/ns-${index % 97}/service-${index}/` } as const)
        : ({ kind: 'suffix', text: `/exports/table-${index}.csv` } as const)
  const allowed = random.next()
  return {
    action: random.next() < 0.04 ? 'DENY' : 'ALLOW',
    path,
    methods: allowed < 0.5 ? [] : allowed < 0.8 ? ['GET'] : ['GET', random.pick(methods.slice(1))],
    ...(random.next() < 0.5 && { principal: person.principal }),
    ...(random.next() < 0.75 && { group: random.pick(person.groups) }),
  }
}

/** Every second one is made to fit a rule; of the others each misses it by one thing. */
function makeInput(
  random: Random,
  rules: readonly BenchRule[],
  people: readonly Person[],
  index: number,
): BenchInput {
  const rule = random.pick(rules)
  const fits = (person: Person) =>
    (rule.principal === undefined || rule.principal === person.principal) &&
    (rule.group === undefined || person.groups.includes(rule.group))
  const fitting = people.filter(fits)
  const person = random.pick(fitting)
  const right: BenchInput = { method: rule.methods.at(-1) ?? 'GET', path: pathFor(random, rule), ...person }
  if (index % 2 === 0) return right
  switch (random.below(3)) {
    case 0:
      return { ...right, path: `/nowhere/${random.below(1000)}/of-any-rule` }
    case 1:
      return { ...right, method: 'HEAD', path: rule.methods.length > 0 ? right.path : `${right.path}~x` }
    default: {
      const other = random.pick(
        people.filter((each) => !fits(each)).concat(fitting.length === 64 ? people : []),
      )
      return { ...right, ...other }
    }
  }
}

function pathFor(random: Random, { path }: BenchRule): string {
  switch (path.kind) {
    case 'exact':
      return path.text
    case 'prefix':
      return `${path.text}v2/items/${random.below(100)}`
    case 'suffix':
      return `/files/${random.below(100)}${path.text}`
  }
}

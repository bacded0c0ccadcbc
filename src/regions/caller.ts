import type { Mesh } from '../mesh/index.ts'
import { type Acting, actAs, type HeaderList, identityHeaders, type Principal } from '../policy/index.ts'
import type { Variation } from './variation.ts'

/** Somebody who asks, by the name he is asked about with: `sa:NS/NAME+forged`. */
export interface Caller {
  readonly name: string
  readonly principal: Principal
  readonly acting: Acting
}

export function callerOf(mesh: Mesh, principal: Principal, now: number): Caller {
  return { name: nameOf(principal), principal, acting: actAs(mesh, principal, now) }
}

export function nameOf(principal: Principal): string {
  const forged = principal.forged ? '+forged' : ''
  switch (principal.kind) {
    case 'anonymous':
    case 'outside':
      return principal.kind + forged
    case 'user': {
      const groups = principal.groups.length === 0 ? '' : `,groups=${principal.groups.join('+')}`
      return `user:${principal.email}${groups}${forged}`
    }
    case 'service-account': {
      const { namespace, name, audience, issuer, expired } = principal
      const settings = [
        ...(audience === undefined ? [] : [`aud=${audience}`]),
        ...(issuer === undefined ? [] : [`iss=${issuer}`]),
        ...(expired ? ['exp=past'] : []),
      ]
      return `sa:${[`${namespace}/${name}`, ...settings].join(',')}${forged}`
    }
    case 'mesh':
      return `mesh:${principal.namespace}/${principal.name}${forged}`
  }
}

export function isInside({ principal }: Caller): boolean {
  return principal.kind === 'mesh' || principal.kind === 'outside'
}

/**
 * The headers of such a request from this caller; undefined = it would be somebody else's: another
 * token, or an identity header from one who is taken to send none.
 */
export function headersOf(caller: Caller, variation: Variation): HeaderList | undefined {
  const { acting, principal } = caller
  if (variation.headers.length === 0) return acting.headers
  const varied = new Set(variation.headers.map(([name]) => name))
  for (const name of varied) {
    if (identityHeaders.includes(name)) {
      if (!principal.forged) return undefined
    } else if (acting.headers.some(([own]) => own.toLowerCase() === name)) {
      return undefined
    }
  }
  return [...acting.headers.filter(([name]) => !varied.has(name.toLowerCase())), ...variation.headers]
}

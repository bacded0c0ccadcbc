import type { User } from '../../sessions/sessions.ts'
import type { OAuth2ProxySettings } from '../oauth2-proxy-settings.ts'
import type { Question } from '../question.ts'

/** Whether the settings let a user in: by address or its domain, and by a group where groups are named. */
export function isAllowed(settings: OAuth2ProxySettings, { email, groups }: User): boolean {
  const { allowedGroups } = settings
  return (
    isAddressAllowed(settings, email) &&
    (allowedGroups.length === 0 || groups.some((group) => allowedGroups.includes(group)))
  )
}

/** A domain rule sees the part after the one and only `@` (CVE-2026-40574). */
function isAddressAllowed({ emailDomains, allowedEmails }: OAuth2ProxySettings, address: string): boolean {
  if (emailDomains.includes('*')) return true
  const email = address.toLowerCase()
  if (allowedEmails?.includes(email)) return true
  const [name, domain, ...more] = email.split('@')
  if (!name || !domain || more.length > 0) return false
  return emailDomains.some((one) => isOfDomain(domain, one.toLowerCase()))
}

/** `.example.com` and `*.example.com` stand for all domains below. */
const isOfDomain = (domain: string, wanted: string) =>
  /^\*?\./.test(wanted) ? domain.endsWith(wanted.replace(/^\*/, '')) : domain === wanted

/** What a caller of `/oauth2/auth` asks for in its query, beside the settings. */
export function fitsFilters({ query }: Question, { email, groups }: User): boolean {
  // A filter that is there and names nobody admits nobody.
  const fits = (name: string, isOne: (wanted: string) => boolean) =>
    !query.has(name) || query.getAll(name).some((one) => one.split(',').some((each) => each && isOne(each)))
  const [, domain = '', ...more] = email.split('@')
  return (
    fits('allowed_groups', (group) => groups.includes(group)) &&
    fits('allowed_emails', (wanted) => wanted === email) &&
    fits(
      'allowed_email_domains',
      (wanted) => more.length === 0 && domain !== '' && isOfDomain(domain, wanted),
    )
  )
}

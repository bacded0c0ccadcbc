import type { Located } from '../base/index.ts'
import type { Fields } from './fields.ts'
import type { Meta, MtlsMode, PeerAuthentication } from './model.ts'
import { readSelector } from './read-meta.ts'

const modes: readonly MtlsMode[] = ['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT']

/** security.istio.io PeerAuthentication (istio/api security/v1beta1/peer_authentication.proto). */
export function readPeerAuthentication(meta: Meta, spec: Fields): PeerAuthentication {
  const portLevelMtls: Record<number, Located<MtlsMode>> = {}
  for (const [port, mtls] of spec.named('portLevelMtls') ?? []) {
    if (/^[0-9]{1,5}$/.test(port))
      portLevelMtls[Number(port)] = readMode(mtls) ?? { value: 'UNSET', at: mtls.at }
    else
      spec.error(
        'wrong-type',
        `\`spec.portLevelMtls\` has the key \`${port}\`, and its keys are port numbers`,
        mtls.at,
      )
  }
  const mtls = spec.fields('mtls')
  return {
    ...meta,
    kind: 'PeerAuthentication',
    selector: readSelector(spec),
    mtls: mtls && readMode(mtls),
    portLevelMtls,
  }
}

function readMode(mtls: Fields): Located<MtlsMode> | undefined {
  const mode = mtls.enumeration('mode', modes)
  mtls.done()
  return mode && modes.includes(mode.value as MtlsMode) ? (mode as Located<MtlsMode>) : undefined
}

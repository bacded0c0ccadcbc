export {
  type Handshake,
  knock,
  type Resolved,
  resolveName,
  type ShownCertificate,
  shakeHands,
} from './reach.ts'

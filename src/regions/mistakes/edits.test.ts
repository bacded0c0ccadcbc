/** Edits of a release's YAML, by object: what planted mistakes and neutral edits are written in. */
import type { profileNames } from '../../compose/profiles.ts'

export type Profile = (typeof profileNames)[number]
export type Edit = (text: string, file: string) => string

/** Every place; a mistake that finds none is one in this table. */
export const replace =
  (from: string, to: string): Edit =>
  (text) =>
    text.replaceAll(from, to)

export const changeObject =
  (kind: string, name: string, change: (document: string) => string): Edit =>
  (text) =>
    text
      .split(/^---\n/m)
      .map((document) =>
        document.includes(`kind: ${kind}\n`) && new RegExp(`name: ${name}([,} ]|$)`, 'm').test(document)
          ? change(document)
          : document,
      )
      .join('---\n')

/** An overlay says an object anew, so it goes from wherever it stands. */
export const drop = (kind: string, name: string): Edit =>
  changeObject(kind, name, () => 'apiVersion: v1\nkind: Namespace\nmetadata: {name: nothing}\n')
export const within = (kind: string, name: string, from: string, to: string): Edit =>
  changeObject(kind, name, (document) => document.replaceAll(from, to))
export const add =
  (document: string): Edit =>
  (text, file) =>
    file.endsWith('release/routes.yaml') ? `${text}\n---\n${document}` : text

export const asks = 'istio-ingressgateway-oauth2-proxy'
export const refuses = 'istio-ingressgateway-require-jwt'
export const exempt = '"/dex/*", "/dex/**", "/oauth2/*"'
export const ingress = 'cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account'
export const allows = (name: string, spec: string) =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: ${name}, namespace: istio-system}\nspec: ${spec}\n`
export const routes = (name: string, http: string) =>
  `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ${name}, namespace: kubeflow}\nspec: {gateways: [kubeflow-gateway], hosts: ["*"], http: [${http}]}\n`

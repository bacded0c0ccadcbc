import type { Outside } from './answer.ts'
import { type OpenListener, openListener, type Planner, type Protocols } from './listener.ts'
import type { DoorPort, GatewayOptions, Limits, ListenerSpec, RunningGateway, TlsServer } from './options.ts'

/** The ports of a gateway: opened together, changed while it runs, and known from outside. */
export class OpenListeners {
  /** What is open now, and how it is reached. */
  bound: RunningGateway['listeners'] = []
  readonly #options: GatewayOptions
  readonly #limits: Limits
  readonly #protocols: Protocols
  /** The door of the moment. */
  readonly #door: () => DoorPort
  #open: OpenListener[] = []
  readonly #stopped: OpenListener[] = []
  readonly #outside = new Map<string, Outside>()

  constructor(options: GatewayOptions, limits: Limits, protocols: Protocols, door: () => DoorPort) {
    this.#options = options
    this.#limits = limits
    this.#protocols = protocols
    this.#door = door
  }

  /** All of them, or none and a fault. */
  async open(): Promise<void> {
    try {
      for (const spec of this.#options.listeners) await this.#listenOn(spec)
    } catch (error) {
      for (const listener of this.#open) listener.destroy()
      throw error
    }
    this.#note()
  }

  /** These from now on. */
  async change(wanted: readonly ListenerSpec[]): Promise<void> {
    const same = (one: ListenerSpec, other: ListenerSpec) =>
      one.gateway === other.gateway && one.targetPort === other.targetPort && one.address === other.address
    const gone = this.#open.filter(({ spec }) => !wanted.some((each) => same(each, spec)))
    for (const listener of gone) listener.stop()
    this.#open = this.#open.filter((listener) => !gone.includes(listener))
    // Their connections go on, and end with the others.
    this.#stopped.push(...gone)
    for (const spec of wanted) {
      if (!this.#open.some((listener) => same(listener.spec, spec))) await this.#listenOn(spec)
    }
    this.#note()
  }

  replaceTls(gateway: string, targetPort: number, servers: readonly TlsServer[]): void {
    this.#open
      .find(({ spec }) => spec.gateway === gateway && spec.targetPort === targetPort)
      ?.replaceTls(servers)
  }

  /** Connections are taken no more; those that are open go on. */
  stop(): void {
    for (const listener of this.#open) listener.stop()
  }

  destroy(): void {
    for (const listener of [...this.#open, ...this.#stopped]) listener.destroy()
  }

  /** How answers of a gateway have to name its ports; undefined: as it knows them itself. */
  outsideOf(gateway: string): Outside | undefined {
    return this.#outside.get(gateway)
  }

  async #listenOn(spec: ListenerSpec): Promise<void> {
    this.#open.push(await openListener(spec, this.#limits, this.#protocols, this.#planner(spec)))
  }

  /** The door of the moment is asked about each connection. */
  #planner(spec: ListenerSpec): Planner | undefined {
    if (!this.#options.door.plan) return undefined
    return (arrival) => this.#door().plan?.(spec, arrival) ?? { kind: 'close' }
  }

  #note(): void {
    const door = this.#door()
    this.bound = this.#open.map(({ spec, port }) => {
      const { gateway, meshPort, targetPort, address } = spec
      const secure = spec.tls ?? door.secure?.(spec)
      const host = address.includes(':') ? `[${address}]` : address
      const url = `${secure ? 'https' : 'http'}://${host}:${port}`
      return { gateway, meshPort, targetPort, address, port, url }
    })
    if (this.#options.hardening !== 'default') return
    for (const { gateway, meshPort, port } of this.bound) {
      const ports = { ...this.#outside.get(gateway)?.ports, [meshPort]: port }
      this.#outside.set(gateway, { ports, cookies: true })
    }
    for (const [gateway, ports] of Object.entries(this.#options.outerPorts ?? {})) {
      this.#outside.set(gateway, { ports, cookies: true })
    }
  }
}

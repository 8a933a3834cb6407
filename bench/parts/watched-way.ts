import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A way to Postgres on which chosen statements are seen, and a moment can be used. */
export interface WatchedWay {
  /** The address of a database, by this way. */
  through(address: string): string
  /** Calls back once, when the next such statement is on its way; it goes on afterwards. */
  atStatement(text: string, happen: () => void): void
  /** Calls back once, when the next such statement is answered; the answer goes on afterwards. */
  atAnswer(text: string, happen: () => void): void
  /**
   * Breaks the connection of the next such statement, and takes it to Postgres only after another one, or after so many
   * milliseconds. Calls back once, at the break.
   */
  deliverLate(text: string, after: string, milliseconds: number, happen: () => void): void
  /** Forgets what was asked and did not happen. */
  forget(): void
  close(): void
}

type Watch =
  | { kind: 'statement' | 'answer'; text: string; happen: () => void }
  | { kind: 'late'; text: string; happen: () => void; after: string; milliseconds: number }

export async function watchedWay(port: number): Promise<WatchedWay> {
  const sockets = new Set<Socket>()
  let watch: Watch | undefined
  let late: { after: string; deliver: () => void } | undefined

  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    let atAnswer = () => {}
    let isLate = false
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('end', () => void (isLate || to.end()))
      from.on('close', () => {
        sockets.delete(from)
        if (!isLate || from === far) to.destroy()
      })
    }
    near.on('data', (bytes) => {
      if (late && bytes.includes(late.after)) {
        const { deliver } = late
        late = undefined
        // After this statement has had its effect.
        setTimeout(deliver, 50)
      }
      const seen = watch && bytes.includes(watch.text) ? watch : undefined
      if (seen) watch = undefined
      if (seen?.kind === 'late') {
        isLate = true
        const deliver = () => {
          far.write(bytes)
          setTimeout(() => far.end(), 500)
        }
        const timer = setTimeout(() => {
          late = undefined
          deliver()
        }, seen.milliseconds)
        late = {
          after: seen.after,
          deliver() {
            clearTimeout(timer)
            deliver()
          },
        }
        near.resetAndDestroy()
        return seen.happen()
      }
      if (seen?.kind === 'statement') seen.happen()
      if (seen?.kind === 'answer') atAnswer = seen.happen
      far.write(bytes)
    })
    far.on('data', (bytes) => {
      atAnswer()
      atAnswer = () => {}
      if (!isLate) near.write(bytes)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    through(address) {
      const url = new URL(address)
      url.port = String((server.address() as AddressInfo).port)
      return url.href
    },
    atStatement: (text, happen) => void (watch = { kind: 'statement', text, happen }),
    atAnswer: (text, happen) => void (watch = { kind: 'answer', text, happen }),
    deliverLate: (text, after, milliseconds, happen) =>
      void (watch = { kind: 'late', text, after, milliseconds, happen }),
    forget: () => void (watch = undefined),
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

import type { Context, Hono, MiddlewareHandler } from 'hono'
import { ClientSecretError } from '../../protocol/errors.ts'
import type { Audit, KeyAnswer, KeyCheckAnswer, KeyList, KeyRemoval, KeyUse, KeyUses } from '../../protocol/keys.ts'
import { admitAdministrator, minToken, tokenVariable } from './administrator.ts'
import { checkHost, checkOrigin } from './origin.ts'
import type { Settings } from './settings.ts'
import type { KeyActivity } from '../execution/key-activity.ts'
import { shownCaller } from './shown-caller.ts'
import type { DirectRequests } from '../execution/direct/direct-requests.ts'
import { checkJson, limitBody, refuseTooLarge } from './json-body.ts'
import type { KeyStore } from '../keys/key-store.ts'
import type { RecordOfUse, Records } from '../database/records.ts'

interface Parts {
  keys: KeyStore
  records: Records
  activity: KeyActivity
  direct: Pick<DirectRequests, 'written'>
  calls: { during<T>(call: Promise<T>): Promise<T> }
}

/** Requests of a key in one list. */
const maxUses = 50

/** Manages keys, for administrators. Values come in, and never go out. */
export function keyRoutes(app: Hono, settings: Settings, running: () => Promise<Parts>): void {
  async function admit({ req: { raw } }: Context): Promise<{ parts: Parts; who: string }> {
    checkHost(raw, settings.hosts)
    // Only pages of the relay's own site manage keys. Other allowed origins may only use them.
    checkOrigin(raw, [])
    if (!settings.administrator)
      throw new ClientSecretError(
        'REQUEST_NOT_FOUND',
        `This relay has no administrator, so its keys cannot be managed over HTTP. Set the environment variable ${tokenVariable} of the relay to a token of at least ${minToken} characters, or give it the option administrator.`,
      )
    const who = await admitAdministrator(settings.administrator, raw)
    return { parts: await running(), who }
  }
  /** Admits the caller before reading the body. */
  const admitBody: MiddlewareHandler<{ Variables: { admitted: Awaited<ReturnType<typeof admit>> } }> = async (
    context,
    next,
  ) => {
    checkJson(context)
    context.set('admitted', await admit(context))
    return next()
  }
  const { limits } = settings
  const body = [refuseTooLarge(limits), admitBody, limitBody(limits.requestBytes)] as const

  app.get('/keys', async (context) => {
    const { parts } = await admit(context)
    return context.json({ keys: await parts.keys.list() } satisfies KeyList)
  })

  app.post('/keys/check', ...body, async (context) => {
    const { parts } = context.get('admitted')
    const { name, ...change } = await readObject(context)
    return context.json((await parts.keys.check(name, change)) satisfies KeyCheckAnswer)
  })

  app.put('/keys/:name', ...body, async (context) => {
    const { parts, who } = context.get('admitted')
    const change = await readObject(context)
    const key = await parts.calls.during(parts.keys.put(context.req.param('name'), change, who))
    return context.json({ key } satisfies KeyAnswer)
  })

  app.delete('/keys/:name', async (context) => {
    const { parts, who } = await admit(context)
    const removed = await parts.calls.during(parts.keys.remove(context.req.param('name'), who))
    return context.json({ removed } satisfies KeyRemoval)
  })

  app.get('/keys/:name/requests', async (context) => {
    const { parts } = await admit(context)
    await parts.direct.written()
    const name = context.req.param('name')
    const uses = await parts.records.usesOf(name, maxUses)
    const { hour, day, isCut } = await parts.records.countsOf(name)
    const { since, tokens, refusals } = parts.activity.of(name)
    const activity = {
      hour: { ...hour, tokens: tokens.hour },
      day: { ...day, tokens: tokens.day },
      isCut,
      since,
    }
    return context.json({ requests: uses.map(asUse), activity, refusals } satisfies KeyUses)
  })

  app.get('/audit', async (context) => {
    const { parts } = await admit(context)
    return context.json({ entries: await parts.keys.audit() } satisfies Audit)
  })
}

/** The message omits the parser's error, which quotes the body. */
async function readObject(context: Context): Promise<Record<string, unknown>> {
  const value = (await context.req.json().catch(() => undefined)) as unknown
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new ClientSecretError('INVALID_PARAMETER', 'The request is not a JSON object.')
}

function asUse({ owner, host, upstreamStatus, error, ...use }: RecordOfUse): KeyUse {
  return {
    ...use,
    // Older records have no host.
    host: host ?? 'unknown',
    upstreamStatus: upstreamStatus ?? undefined,
    code: error?.code,
    caller: shownCaller(owner),
  }
}

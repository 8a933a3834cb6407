import * as presets from '../src/exports/presets.ts'
import type { Preset } from '../src/exports/presets.ts'
import { page } from './page.ts'
import { summaryOf } from './api-reference.ts'

type Any = Omit<Preset, never>

/** All presets as a Storybook page. */
export function presetsPage(): Promise<string> {
  const all = Object.entries(presets as unknown as Record<string, Any>).sort(([one], [other]) => (one < other ? -1 : 1))
  const sections = all.map(([name, preset]) =>
    [`### ${name}`, summaryOf('react-client-secret/presets', name), facts(preset)].join('\n\n'),
  )
  return page('Presets', 'src/presets', [introduction, ...sections].join('\n\n'))
}

function facts({ auth, defaults, endpoints, sdk, settings, variables }: Any): string {
  const written = [
    ...Object.entries(auth.headers ?? {}).map(([header, text]) => `\`${header}: ${text}\``),
    ...Object.entries(auth.params ?? {}).map(([param, text]) => `\`params.${param}: ${text}\``),
  ]
  const names = Object.keys(endpoints)
  const optional = Object.entries(settings.optional).map(([name, value]) => `\`${name}\` (\`${value}\`)`)
  return [
    `secret: ${listed(typeof variables === 'string' ? [variables] : Object.values(variables))}`,
    ...(written.length > 0 ? [`a request writes: ${written.join(', ')}`] : []),
    ...(settings.required.length > 0 ? [`settings: ${listed(settings.required)}`] : []),
    ...(optional.length > 0 ? [`settings with a default: ${optional.join(', ')}`] : []),
    ...(defaults.length > 0 ? [`endpoints: ${listed(defaults)}`] : []),
    ...(names.length > defaults.length
      ? [`endpoints that a config must name: ${listed(names.filter((name) => !defaults.includes(name)))}`]
      : []),
    ...(sdk ? [`its SDK: \`${sdk.create}\`, with \`import ${sdk.names} from '${sdk.module}'\``] : []),
  ]
    .map((fact) => `- ${fact}`)
    .join('\n')
}

const listed = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ')

const introduction = `# Presets

A preset makes the options of a key from the documentation of its API: the urls, the methods, and the place of the secret.

\`\`\`ts
// relay.config.ts
import { openai, resend, twilio } from 'react-client-secret/presets'
import type { RelayOptions } from 'react-client-secret/relay'

export default {
  keys: {
    openai: openai({ endpoints: ['chat', 'images'], locked: false }),
    resend: resend({ locked: false }),
    twilio: twilio({ accountSid: 'AC…', endpoints: ['messages'], locked: false }),
  },
} satisfies RelayOptions
\`\`\`

- \`endpoints\` are the parts of the API that pages may call. Without it, a preset allows the first list below. A config must name endpoints that change or delete data, read private data or move money.
- An endpoint that sends messages sends what any caller writes, to anybody. Keep it \`locked\`, or set low \`limits\`.
- The secret comes from the environment variable below, or from \`CLIENT_SECRET_<NAME>\`, or from the option \`secret\`.
- With \`locked: false\`, all visitors together may send 60 requests per minute. Set other \`limits\` as for [any key](choose-key-rules.mdx#how-much).
- Some APIs have an SDK that takes a \`fetch\`: the line below creates it in the page, with a \`client\` of [\`createClient\`](use-an-sdk.mdx), for a key that has the preset's name.
- \`allow\` adds rules. If the relay rejects a request with [\`NOT_ALLOWED\`](errors.mdx#not_allowed), the message prints the rule to add.

\`client-secret-relay check\` shows the rules in words.

## All presets`

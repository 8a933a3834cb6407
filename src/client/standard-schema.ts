import { ClientSecretError } from '../protocol/errors.ts'

/**
 * The interface of zod, valibot, arktype and others.
 * Source: https://standardschema.dev, version 1, the part that is used here.
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
      }[]
    }

interface Checked {
  data: unknown
  response: { status: number }
  record: { id: string }
}

/**
 * Checks the data of an answer, or of an event of it, with a schema.
 *
 * @throws ClientSecretError `INVALID_RESPONSE` with the path of the first mismatch.
 */
export async function checked<One extends Checked>(answer: One, schema: StandardSchema | undefined): Promise<One> {
  if (!schema) return answer
  const result = await schema['~standard'].validate(answer.data)
  if (!result.issues) return { ...answer, data: result.value }
  const [issue] = result.issues
  const path = (issue?.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
  throw new ClientSecretError(
    'INVALID_RESPONSE',
    `The API's answer does not match the schema${path && ` at ${path}`}: ${issue?.message}.`,
    { status: answer.response.status, path, data: answer.data, requestId: answer.record.id },
  )
}

/** Prints the table of well-known APIs: which call of each works, and through what. Reads the report of the test. */
import { runVitest } from './run-vitest.ts'

interface Row {
  name: string
  call: string
  body: string
  through: string
}

interface Report {
  testResults: { assertionResults: { status: string; meta: { api?: Row }; failureMessages: string[] }[] }[]
}

const { status, report } = runVitest(['--project=node', 'test/apis/apis.test.ts'], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
const { testResults } = report as Report

const results = testResults.flatMap(({ assertionResults }) => assertionResults)
const rows = results.flatMap(({ status: result, meta: { api }, failureMessages }) => {
  if (!api) return []
  const why = failureMessages.join(' ').split('\n')[0] ?? ''
  return [[api.name, api.call, api.body, api.through, result === 'passed' ? 'works' : why.replaceAll('|', '\\|')]]
})
const line = (cells: string[]) => `| ${cells.join(' | ')} |`
const head = ['API', 'call', 'body', 'through', 'works, or why not']
console.log([line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'))
console.log(`\n${rows.length} calls, ${rows.filter((cells) => cells.at(-1) === 'works').length} work.`)
process.exit(status ?? 1)

/** Where OpenAI is. Next puts the variable into the page too, so nothing secret belongs into it. */
export const api = process.env.NEXT_PUBLIC_OPENAI_URL ?? 'https://api.openai.com/v1'

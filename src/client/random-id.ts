import { ClientSecretError } from '../protocol/errors.ts'

/** 128 random bits in hexadecimal. Unlike `crypto.randomUUID` it also works on pages served over plain http. */
export function randomId(): string {
  if (typeof crypto === 'undefined')
    throw new ClientSecretError(
      'INTERNAL',
      'crypto.getRandomValues is missing. In React Native, import "react-native-get-random-values" first.',
    )
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** What the page _Secrets from a vault_ uses of SDKs that are not installed here. */
declare module '@aws-sdk/client-secrets-manager' {
  export class GetSecretValueCommand {
    constructor(input: { SecretId: string })
  }
  export class SecretsManagerClient {
    constructor(options: { region: string })
    send(command: GetSecretValueCommand): Promise<{ SecretString?: string | undefined }>
  }
}
declare module '@google-cloud/secret-manager' {
  export class SecretManagerServiceClient {
    accessSecretVersion(request: {
      name: string
    }): Promise<[{ payload?: { data?: Uint8Array | string | null } | null }, object | undefined, object | undefined]>
  }
}
declare module '@azure/identity' {
  export class DefaultAzureCredential {
    getToken(scopes: string | string[]): Promise<object>
  }
}
declare module '@azure/keyvault-secrets' {
  import type { DefaultAzureCredential } from '@azure/identity'
  export class SecretClient {
    constructor(url: string, credential: DefaultAzureCredential)
    getSecret(name: string): Promise<{ value?: string | undefined }>
  }
}
declare module '@dopplerhq/node-sdk' {
  export class DopplerSDK {
    constructor(options: { accessToken: string })
    secrets: { get(project: string, config: string, name: string): Promise<{ value?: { computed?: string } }> }
  }
}
declare module '@infisical/sdk' {
  export class InfisicalSDK {
    constructor(options: { siteUrl: string })
    auth(): { universalAuth: { login(options: { clientId: string; clientSecret: string }): Promise<unknown> } }
    secrets(): {
      getSecret(options: {
        environment: string
        projectId: string
        secretName: string
      }): Promise<{ secretValue: string }>
    }
  }
}

/** Told together with how the command is used. */
export class UsageError extends Error {}

/** The command prints it with a hint to `--help`. */
export class UsageError extends Error {}

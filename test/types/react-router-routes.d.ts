// What the documentation uses of @react-router/dev/routes, which is installed in test/frameworks alone.
export interface RouteConfigEntry {
  file: string
}
export type RouteConfig = RouteConfigEntry[]
export function index(file: string): RouteConfigEntry
export function route(path: string, file: string): RouteConfigEntry

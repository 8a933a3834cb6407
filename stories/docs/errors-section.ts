/** The section Errors of README, as a page of the Storybook: README links to files, the Storybook to pages. */
export function errorsSection(readme: string): string {
  return readme
    .slice(readme.indexOf('## Errors'), readme.indexOf('## License'))
    .replace(/^##/gm, '#')
    .replace(/\]\(stories\/docs\/([\w-]+)\.mdx/g, '](?path=/docs/docs-$1--docs')
}

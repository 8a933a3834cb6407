interface Node {
  type: string
  url?: string
  children?: Node[]
}

/** Links between the files of the pages, as GitHub and the package have them, become links between the pages of Storybook. */
export function pageLinks(): (tree: Node) => void {
  return function visit(node) {
    if (node.type === 'link') node.url = node.url!.replace(/^([\w-]+)\.mdx(?=#|$)/, '?path=/docs/docs-$1--docs')
    node.children?.forEach(visit)
  }
}

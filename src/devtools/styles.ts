/** Of the panel alone: each class begins with `csd`. Those of the page for its elements are reverted. Both colours of a pair have a contrast of at least 4.5. */
const styles = `
.csd, .csd * { all: revert; }
.csd { position: fixed; right: 8px; bottom: 8px; z-index: 2147483000; display: flex; flex-direction: column;
  align-items: end; gap: 8px; max-width: calc(100vw - 16px); color-scheme: light dark;
  font: 13px/1.4 system-ui, sans-serif; color: light-dark(#1b1f24, #e8ecf1); text-align: left; }
.csd *, .csd-panel { box-sizing: border-box; }
.csd button { font: inherit; color: inherit; cursor: pointer; padding: 4px 10px; border-radius: 6px;
  border: 1px solid light-dark(#767d86, #8b949e); background: light-dark(#ffffff, #22272e); }
.csd :focus-visible { outline: 2px solid light-dark(#0050b3, #79b8ff); outline-offset: 1px; }
.csd .csd-toggle { border-radius: 999px; box-shadow: 0 1px 6px rgb(0 0 0 / 0.3); }
.csd-panel { width: 460px; max-width: 100%; max-height: min(60vh, 480px); display: flex; flex-direction: column;
  border: 1px solid light-dark(#767d86, #8b949e); border-radius: 8px; background: light-dark(#ffffff, #1c2128);
  box-shadow: 0 4px 24px rgb(0 0 0 / 0.3); overflow: hidden; }
.csd-panel header { display: flex; gap: 8px; align-items: center; padding: 8px 12px; }
.csd-panel header span { flex: 1; }
.csd-panel > p { margin: 0; padding: 8px 12px 12px; }
.csd-panel ul { list-style: none; margin: 0; padding: 0; overflow: auto; }
.csd-panel li { padding: 6px 12px; border-top: 1px solid light-dark(#d8dce1, #373e47); }
.csd-panel li p { margin: 4px 0; overflow-wrap: anywhere; }
.csd-panel summary { cursor: pointer; display: flex; gap: 8px; align-items: baseline; }
.csd-panel summary::before { content: '▸' / ''; }
.csd-panel [open] > summary::before { content: '▾' / ''; }
.csd-call { flex: 1; overflow-wrap: anywhere; min-width: 0; }
.csd-status { font-weight: 600; }
.csd-fact { white-space: nowrap; font-variant-numeric: tabular-nums; }
.csd-resolved { color: light-dark(#116329, #6fdd8b); }
.csd-failed, .csd-error code { color: light-dark(#a40e26, #ff9b94); }
.csd-pending, .csd-running, .csd-sending, .csd-streaming { color: light-dark(#0a53a8, #91cbff); }
.csd-panel dl { margin: 6px 0; display: grid; gap: 2px; }
.csd-panel dl div { display: grid; grid-template-columns: 90px minmax(0, 1fr); }
.csd-panel dt { color: light-dark(#57606a, #adbac7); }
.csd-panel dd { margin: 0; overflow-wrap: anywhere; }
.csd code { font: 12px ui-monospace, monospace; background: none; padding: 0; }
`

const styled = new WeakSet<Node>()

/** Styles the document or shadow root of the panel, once. A strict Content-Security-Policy refuses a `<style>`. */
export function adoptStyles(panel: HTMLElement | null): void {
  const root = panel?.getRootNode() as Document | ShadowRoot | undefined
  if (!root?.adoptedStyleSheets || styled.has(root)) return
  styled.add(root)
  // Of the window of the panel: a document adopts no sheet of another one.
  const sheet = new panel!.ownerDocument.defaultView!.CSSStyleSheet()
  sheet.replaceSync(styles)
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet]
}

import type { Decorator } from '@storybook/react-vite'
import '../../src/console/console.css'

/** The page's own look around a part of it. */
export const onThePage: Decorator = (Story) => (
  <div className="console">
    <Story />
  </div>
)

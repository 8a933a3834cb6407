import { addons } from 'storybook/manager-api'

// The stories are the page; the panels are one key (A) away.
addons.setConfig({ showPanel: false })

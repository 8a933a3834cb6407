import { Paint } from './paint'

export default function Page() {
  return <Paint />
}

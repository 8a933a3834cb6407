import { Haiku } from './haiku'

export default function Page() {
  return (
    <main>
      <h1>A haiku</h1>
      <Haiku />
    </main>
  )
}

/** The long story of the demo's API. */
export const story =
  'Otters hold hands while they sleep, so that they do not drift apart. Each one has a favourite stone, and keeps it in a pocket of loose skin under its arm. With it, the otter opens shells on its belly.'

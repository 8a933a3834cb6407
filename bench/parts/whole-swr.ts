// All of SWR by name: what is exported as the default, `export *` leaves out.
export * from 'swr'
export { default as useSWR } from 'swr'

import { relayRoute } from 'react-client-secret/relay'
import config from '../../../relay.config'

export const { GET, POST, PUT, DELETE } = relayRoute(config)

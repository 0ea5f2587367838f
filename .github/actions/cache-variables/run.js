// Outputs, so that the one step that is given them has them, and no other.
'use strict'
const fs = require('fs')

const names = {
  token: 'ACTIONS_RUNTIME_TOKEN',
  url: 'ACTIONS_CACHE_URL',
  'results-url': 'ACTIONS_RESULTS_URL',
  'service-v2': 'ACTIONS_CACHE_SERVICE_V2'
}

const token = process.env.ACTIONS_RUNTIME_TOKEN
if (token) console.log(`::add-mask::${token}`)
for (const [output, name] of Object.entries(names)) {
  const value = process.env[name] || ''
  if (!/[\r\n]/.test(value)) fs.appendFileSync(process.env.GITHUB_OUTPUT, `${output}=${value}\n`)
}

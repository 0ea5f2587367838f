// Runs `arc-ci changes`: the one on PATH (the setup action), else one that the setup action's script builds. The
// program reads the inputs from the environment and writes the outputs itself.
'use strict'
const {spawnSync} = require('child_process')
const fs = require('fs')
const os = require('os')
const path = require('path')

const inherit = {stdio: 'inherit'}

function setUp() {
  const script = path.join(__dirname, '..', 'setup', 'setup.sh')
  const scratch = fs.mkdtempSync(path.join(process.env.RUNNER_TEMP || os.tmpdir(), 'arc-ci-'))
  const plan = path.join(scratch, 'plan')
  const env = {...process.env, WANTED: '', SHA256: '', GITHUB_OUTPUT: plan}
  if (spawnSync(script, ['plan'], {...inherit, env}).status !== 0) return null
  const directory = /^directory=(.*)$/m.exec(fs.readFileSync(plan, 'utf8'))[1]
  const program = path.join(directory, 'arc-ci')
  if (fs.existsSync(program)) return program
  const done = spawnSync(script, ['install'], {...inherit, env: {...env, DIRECTORY: directory}})
  return done.status === 0 ? program : null
}

let run = spawnSync('arc-ci', ['changes'], inherit)
if (run.error && run.error.code === 'ENOENT') {
  const program = setUp()
  run = program ? spawnSync(program, ['changes'], inherit) : {status: 3}
}
if (run.error) console.log(`::error title=changes::cannot run arc-ci: ${run.error.message}`)
process.exitCode = run.status === null || run.status === undefined ? 3 : run.status

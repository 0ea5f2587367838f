// What release-please makes of histories: {version, messages (newest first)} each on stdin, its next version, or null where
// it would propose no release (a changelog without an entry). From its own classes; run with its node_modules in NODE_PATH.
const {DefaultVersioningStrategy} = require('release-please/build/src/versioning-strategies/default');
const {DefaultChangelogNotes} = require('release-please/build/src/changelog-notes/default');
const {parseConventionalCommits} = require('release-please/build/src/commit');
const {Version} = require('release-please/build/src/version');

const silent = Object.fromEntries(['trace', 'debug', 'info', 'warn', 'error'].map(name => [name, () => {}]));

async function next({version, messages}) {
  const commits = parseConventionalCommits(messages.map((message, i) => ({sha: String(i).padStart(40, '0'), message, files: []})), silent);
  const wanted = new DefaultVersioningStrategy({logger: silent}).bump(Version.parse(version), commits).toString();
  const notes = await new DefaultChangelogNotes().buildNotes(commits, {
    host: 'https://example.org', owner: 'o', repository: 'r', version: wanted, previousTag: `v${version}`, currentTag: `v${wanted}`,
    targetBranch: 'main', commits});
  return notes.split('\n').slice(1).some(line => line.trim()) ? wanted : null;
}

(async () => {
  const histories = JSON.parse(require('fs').readFileSync(0));
  const answers = [];
  for (const history of histories)
    answers.push(await next(history));
  console.log(JSON.stringify(answers));
})();

// Runs picomatch's own test files with a stand-in for picomatch and mocha, and prints every pattern and path that they try,
// as `pattern<TAB>path` lines. Argument: the folder of the files, beside which picomatch's sources lie.
'use strict';
const fs = require('fs');
const path = require('path');
const Module = require('module');

const folder = path.resolve(process.argv[2]);
const pairs = new Set();
const escape = text => text.replace(/[%\t\n\r\0]/g, c => '%' + c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0'));
const note = (patterns, text) => {
  for (const pattern of [].concat(patterns)) {
    if (typeof pattern === 'string' && typeof text === 'string') pairs.add(escape(pattern) + '\t' + escape(text));
  }
};

// Assertions after a pair do not matter: only what is tried.
const real = require(path.join(path.dirname(folder), 'lib/picomatch.js'));
const matcher = patterns => text => { note(patterns, text); return false; };
const stand = Object.assign((patterns, ...rest) => Object.assign(matcher(patterns), { rest }), real, {
  isMatch: (text, patterns) => { note(patterns, text); return false; },
  makeRe: patterns => ({ test: matcher(patterns), exec: matcher(patterns), source: '' }),
});
const assert = new Proxy(() => {}, { get: () => assert, apply: () => undefined });
const load = Module._load;
Module._load = function(name, parent, isMain) {
  if (name === 'assert') return assert;
  if (/^\.\.(\/(lib\/picomatch|index|posix)?(\.js)?)?$/.test(name)) return stand;
  return load.call(this, name, parent, isMain);
};

const run = (title, body) => { try { if (body) body.call({ timeout() {} }, () => {}); } catch { /* only what is tried counts */ } };
Object.assign(globalThis, { describe: run, it: run, before: f => f(), beforeEach: f => f(), after: () => {}, afterEach: () => {} });
describe.skip = it.skip = () => {};
for (const name of fs.readdirSync(folder).sort()) {
  if (name.endsWith('.js')) run(name, () => require(path.join(folder, name)));
}
process.stdout.write([...pairs].join('\n') + '\n');

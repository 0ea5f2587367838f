// Answers `pattern<TAB>path` lines from stdin as `arc-ci glob --pairs` does, by picomatch with {dot: true}: 1, 0, E (it
// throws), or H (it does not come to an end within the time given). Arguments: picomatch's folder, milliseconds.
'use strict';
const fs = require('fs');
const vm = require('vm');

const picomatch = require(process.argv[2]);
const timeout = Number(process.argv[3] || 1000);
const lines = fs.readFileSync(0, 'utf8').split('\n');
if (lines[lines.length - 1] === '') lines.pop();

const bytes = { '%09': '\t', '%0A': '\n', '%0D': '\r', '%00': '\0', '%25': '%' };
const unescape = text => text.replace(/%(?:09|0A|0D|00|25)/g, match => bytes[match]);
const answers = new Array(lines.length);
let at = 0;
let last;
let matcher;
let endless; // a pattern that was not compiled in time

const compile = pattern => {
  try {
    return picomatch(pattern, { dot: true });
  } catch (problem) {
    if (problem.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw problem;
    return null;
  }
};

const match = text => {
  try {
    return matcher(text) ? '1' : '0';
  } catch (problem) {
    if (problem.message.endsWith('Regular expression too large')) return 'E';
    throw problem;
  }
};

globalThis.runSome = () => {
  for (const end = Math.min(at + 500, lines.length); at < end; at++) {
    const tab = lines[at].indexOf('\t');
    const pattern = lines[at].slice(0, tab);
    if (pattern === endless) {
      answers[at] = 'H';
      continue;
    }
    if (pattern !== last) {
      last = undefined;
      matcher = compile(unescape(pattern));
      last = pattern;
    }
    answers[at] = matcher ? match(unescape(lines[at].slice(tab + 1))) : 'E';
  }
};

const script = new vm.Script('runSome()');
while (at < lines.length) {
  try {
    script.runInThisContext({ timeout });
  } catch (problem) {
    if (problem.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw problem;
    if (last === undefined) endless = lines[at].slice(0, lines[at].indexOf('\t'));
    answers[at++] = 'H';
  }
}
fs.writeSync(1, answers.join('\n') + (answers.length ? '\n' : ''));
